{ __functor = self: x: self.k + x; k = 1; } 2
