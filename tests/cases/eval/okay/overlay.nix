let fix = f: let x = f x; in x; ext = f: g: self: let super = f self; in super // g self super; in fix (ext (self: { a = 1; b = self.a; }) (self: super: { a = super.a + 10; }))
