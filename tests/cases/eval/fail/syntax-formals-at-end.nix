x@{ a }
