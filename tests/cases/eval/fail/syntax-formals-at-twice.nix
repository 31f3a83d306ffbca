x@{ a }@y: b
