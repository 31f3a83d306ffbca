builtins.fromTOML "a = \"\\b\\t\\n\\f\\r\\\"\\\\\\u00e9\\U0001F600\""
