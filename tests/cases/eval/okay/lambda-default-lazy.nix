({ a ? throw "x" }: 1) {}
