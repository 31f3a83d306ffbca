{ name: "x"; }
