# So many ways through the repetitions that finding the first of the longest takes over two million steps.
builtins.split "(((|.*?)*)a)" "-aAAAA-"
