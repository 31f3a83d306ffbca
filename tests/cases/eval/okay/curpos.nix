builtins.isAttrs __curPos || __curPos == null
