//! Random programs that mostly have a value: each expression is made for the type that is wanted of it. Choices are
//! numbers; where there are no more, the simplest is taken, so that a program shrinks with its numbers.

use proptest::prelude::*;

/// What an expression is wanted to be.
#[derive(Clone, Debug, PartialEq)]
enum Type {
    Int,
    Float,
    Bool,
    Str,
    Null,
    List(Box<Type>),
    /// A set that has this attribute at least.
    Set(&'static str, Box<Type>),
}

use Type::{Bool, Float, Int, List, Null, Set, Str};

const NAMES: [&str; 5] = ["a", "b", "c", "x", "y-z"];
const VARIABLES: [&str; 5] = ["a", "b", "c", "d", "e"];
const TEXTS: [&str; 8] = ["", "t", "a b", "1.2.3", "a-1", "$", "é", "x/y.nix"];

/// Programs without free names.
pub fn program() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u16>(), 0..220).prop_map(|choices| {
        let mut making = Making { choices: choices.into_iter(), scope: Vec::new() };
        let wanted = making.any_type();
        making.expr(&wanted, 7)
    })
}

struct Making {
    choices: std::vec::IntoIter<u16>,
    /// Variables, the innermost last.
    scope: Vec<(&'static str, Type)>,
}

impl Making {
    fn choose(&mut self, sides: usize) -> usize {
        usize::from(self.choices.next().unwrap_or(0)) % sides
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.choose(of.len())]
    }

    fn any_type(&mut self) -> Type {
        match self.choose(12) {
            0 | 1 => Int,
            2 => Float,
            3 | 4 => Bool,
            5 | 6 => Str,
            7 => Null,
            8 | 9 => List(Box::new(self.any_type())),
            _ => {
                let name = self.one(&NAMES);
                Set(name, Box::new(self.any_type()))
            }
        }
    }

    fn within(&mut self, name: &'static str, is: Type, wanted: &Type, depth: u32) -> String {
        self.scope.push((name, is));
        let body = self.expr(wanted, depth);
        self.scope.pop();
        body
    }

    /// A variable of the type that nothing hides.
    fn variable(&mut self, wanted: &Type) -> Option<&'static str> {
        let visible = |at: usize, name: &str| self.scope[at + 1..].iter().all(|(later, _)| *later != name);
        let found: Vec<_> = (0..self.scope.len())
            .filter(|at| self.scope[*at].1 == *wanted && visible(*at, self.scope[*at].0))
            .map(|at| self.scope[at].0)
            .collect();
        (!found.is_empty()).then(|| self.one(&found))
    }

    fn expr(&mut self, wanted: &Type, depth: u32) -> String {
        let choice = self.choose(30);
        if let Some(name) = self.variable(wanted).filter(|_| choice % 3 == 1) {
            return name.to_owned();
        }
        let Some(less) = depth.checked_sub(1).filter(|_| choice > 3) else { return self.leaf(wanted) };
        let (other, variable) = (self.any_type(), self.one(&VARIABLES));
        match choice {
            4 => {
                let (condition, then) = (self.expr(&Bool, less), self.expr(wanted, less));
                format!("(if {condition} then {then} else {})", self.expr(wanted, less))
            }
            5 => {
                let value = self.expr(&other, less);
                format!("(let {variable} = {value}; in {})", self.within(variable, other, wanted, less))
            }
            6 => {
                // The value may name itself.
                self.scope.push((variable, other.clone()));
                let (value, body) = (self.expr(&other, less), self.expr(wanted, less));
                self.scope.pop();
                format!("(let {variable} = {value}; in {body})")
            }
            7 => {
                let argument = self.expr(&other, less);
                format!("(({variable}: {}) {argument})", self.within(variable, other, wanted, less))
            }
            8 => {
                let (default, given) = (self.expr(&other, less), self.expr(&other, less));
                let body = self.within(variable, other, wanted, less);
                let given =
                    if self.choose(2) == 0 { String::new() } else { format!("{variable} = {given}; ") };
                let rest = self.one(&["", ", ..."]);
                format!("(({{ {variable} ? {default}{rest} }}: {body}) {{ {given}}})")
            }
            9 => {
                let value = self.expr(&other, less);
                let body = self.within(variable, other, wanted, less);
                format!("(with {{ {variable} = {value}; }}; {body})")
            }
            10 => format!("(assert {}; {})", self.expr(&Bool, less), self.expr(wanted, less)),
            11 | 12 => {
                let name = self.one(&NAMES);
                let set = self.expr(&Set(name, Box::new(wanted.clone())), less);
                match self.choose(3) {
                    0 => format!("{set}.{name}"),
                    1 => format!("({set}.{name} or {})", self.expr(wanted, less)),
                    _ => format!("(let inherit ({set}) {name}; in {name})"),
                }
            }
            13 => {
                let function = self.one(&["builtins.seq", "builtins.deepSeq"]);
                format!("({function} {} {})", self.expr(&other, less), self.expr(wanted, less))
            }
            14 => {
                let tried = format!("(builtins.tryEval {})", self.expr(wanted, less));
                format!("(let r = {tried}; in if r.success then r.value else {})", self.expr(wanted, less))
            }
            15 => {
                let list = self.expr(&List(Box::new(wanted.clone())), less);
                let function = self.one(&[
                    "builtins.head",
                    "(l: builtins.elemAt l 0)",
                    "builtins.foldl' (_: e: e) null",
                ]);
                format!("({function} {list})")
            }
            16 => {
                let list = self.expr(&List(Box::new(other.clone())), less);
                let first = self.expr(wanted, less);
                let body = self.within(variable, other, wanted, less);
                format!("(builtins.foldl' (_: {variable}: {body}) {first} {list})")
            }
            17 => format!("(builtins.fromJSON (builtins.toJSON {}))", self.expr(wanted, less)),
            18 if self.choose(3) == 0 => format!("(throw {})", self.expr(&Str, less)),
            // Something else than what is wanted.
            19 if self.choose(4) == 0 => self.expr(&other, less),
            _ => self.made(wanted, less),
        }
    }

    fn leaf(&mut self, wanted: &Type) -> String {
        match wanted {
            Int => self.one(&["0", "1", "2", "7", "(-3)", "9223372036854775807"]).to_owned(),
            Float => self.one(&["0.5", "1.0", "(-2.25)", "1e10", "100000.0"]).to_owned(),
            Bool => self.one(&["true", "false"]).to_owned(),
            Str => format!("\"{}\"", self.one(&TEXTS)),
            Null => "null".to_owned(),
            List(of) => match self.choose(3) {
                0 => "[ ]".to_owned(),
                1 => format!("[ {} ]", self.leaf(of)),
                _ => format!("[ {} {} ]", self.leaf(of), self.leaf(of)),
            },
            Set(name, of) => {
                let (recursive, value) = (self.one(&["", "rec "]), self.leaf(of));
                let (more, other) = (self.one(&NAMES), self.leaf(&Int));
                let more = if more == *name { String::new() } else { format!("{more} = {other}; ") };
                format!("({recursive}{{ {name} = {value}; {more}}})")
            }
        }
    }

    /// What makes the type, of other things.
    fn made(&mut self, wanted: &Type, less: u32) -> String {
        let other = self.any_type();
        match wanted {
            Int => match self.choose(8) {
                0 | 1 => {
                    let operator = self.one(&["+", "-", "*", "/"]);
                    format!("({} {operator} {})", self.expr(&Int, less), self.expr(&Int, less))
                }
                2 => format!("(builtins.stringLength {})", self.expr(&Str, less)),
                3 => format!("(builtins.length {})", self.expr(&List(Box::new(other)), less)),
                4 => {
                    let function = self.one(&["bitAnd", "bitOr", "bitXor", "add", "sub", "mul", "div"]);
                    format!("(builtins.{function} {} {})", self.expr(&Int, less), self.expr(&Int, less))
                }
                5 => format!("(builtins.{} {})", self.one(&["floor", "ceil"]), self.expr(&Float, less)),
                6 => {
                    format!("(builtins.compareVersions {} {})", self.expr(&Str, less), self.expr(&Str, less))
                }
                _ => format!("(-{})", self.expr(&Int, less)),
            },
            Float => {
                let operator = self.one(&["+", "-", "*", "/"]);
                let left = self.one(&[Int, Float].map(|of| matches!(of, Int)));
                let left = if left { self.expr(&Int, less) } else { self.expr(&Float, less) };
                format!("({left} {operator} {})", self.expr(&Float, less))
            }
            Bool => match self.choose(9) {
                0 | 1 => {
                    let operator = self.one(&["<", "<=", ">", ">=", "==", "!="]);
                    format!("({} {operator} {})", self.expr(&other, less), self.expr(&other, less))
                }
                2 => {
                    let operator = self.one(&["&&", "||", "->"]);
                    format!("({} {operator} {})", self.expr(&Bool, less), self.expr(&Bool, less))
                }
                3 => format!("(!{})", self.expr(&Bool, less)),
                4 => {
                    let name = self.one(&NAMES);
                    format!("({} ? {name})", self.expr(&other, less))
                }
                5 => {
                    let function = self.one(&[
                        "isInt",
                        "isList",
                        "isAttrs",
                        "isString",
                        "isNull",
                        "isFunction",
                        "isFloat",
                    ]);
                    format!("(builtins.{function} {})", self.expr(&other, less))
                }
                6 => {
                    let list = self.expr(&List(Box::new(other.clone())), less);
                    format!("(builtins.elem {} {list})", self.expr(&other, less))
                }
                7 => {
                    let (function, variable) = (self.one(&["all", "any"]), self.one(&VARIABLES));
                    let list = self.expr(&List(Box::new(other.clone())), less);
                    format!(
                        "(builtins.{function} ({variable}: {}) {list})",
                        self.within(variable, other, &Bool, less)
                    )
                }
                _ => format!("(builtins.hasContext {})", self.expr(&Str, less)),
            },
            Str => self.text(&other, less),
            Null => "null".to_owned(),
            List(of) => self.items(of, other, less),
            Set(name, of) => self.set(name, of, other, less),
        }
    }

    fn text(&mut self, other: &Type, less: u32) -> String {
        let strings = List(Box::new(Str));
        match self.choose(16) {
            0 | 1 => format!(
                "\"{}${{{}}}{}\"",
                self.one(&TEXTS[..4]),
                self.expr(&Str, less),
                self.one(&TEXTS[..4])
            ),
            2 => format!("({} + {})", self.expr(&Str, less), self.expr(&Str, less)),
            3 => format!("(toString {})", self.expr(other, less)),
            4 => {
                format!("(builtins.concatStringsSep {} {})", self.expr(&Str, less), self.expr(&strings, less))
            }
            5 => {
                let (from, count) = (self.expr(&Int, less), self.expr(&Int, less));
                format!("(builtins.substring {from} {count} {})", self.expr(&Str, less))
            }
            6 => {
                let (from, to) = (self.expr(&strings, less), self.expr(&strings, less));
                format!("(builtins.replaceStrings {from} {to} {})", self.expr(&Str, less))
            }
            7 => format!("(builtins.toJSON {})", self.expr(other, less)),
            8 => format!("(builtins.typeOf {})", self.expr(other, less)),
            9 => format!("''\n  {}\n    ${{{}}}\n''", self.one(&TEXTS[..4]), self.expr(&Str, less)),
            10 => format!("(baseNameOf {})", self.expr(&Str, less)),
            11 => format!("(builtins.hashString \"sha256\" {})", self.expr(&Str, less)),
            12 => format!("(builtins.unsafeDiscardStringContext {})", self.expr(&Str, less)),
            13 => {
                let (name, value) = (self.one(&["n", "m-1.0"]), self.expr(&Str, less));
                format!(
                    "\"${{derivation {{ name = \"{name}\"; system = \"s\"; builder = \"/b\"; v = {value}; }}}}\""
                )
            }
            14 => format!("(builtins.toFile \"f\" {})", self.expr(&Str, less)),
            _ => format!("(builtins.toXML {})", self.expr(other, less)),
        }
    }

    fn items(&mut self, of: &Type, other: Type, less: u32) -> String {
        let (same, variable) = (List(Box::new(of.clone())), self.one(&VARIABLES));
        match self.choose(11) {
            0 | 1 => {
                let count = self.choose(4);
                let items: String = (0..count).map(|_| format!("{} ", self.expr(of, less))).collect();
                format!("[ {items}]")
            }
            2 => format!("({} ++ {})", self.expr(&same, less), self.expr(&same, less)),
            3 => {
                let list = self.expr(&List(Box::new(other.clone())), less);
                format!("(map ({variable}: {}) {list})", self.within(variable, other, of, less))
            }
            4 => {
                let list = self.expr(&same, less);
                format!(
                    "(builtins.filter ({variable}: {}) {list})",
                    self.within(variable, of.clone(), &Bool, less)
                )
            }
            5 => {
                let count = self.choose(4);
                format!("(builtins.genList ({variable}: {}) {count})", self.within(variable, Int, of, less))
            }
            6 => format!("(builtins.sort (a: b: a < b) {})", self.expr(&same, less)),
            7 => format!("(builtins.concatLists {})", self.expr(&List(Box::new(same)), less)),
            8 => format!("(builtins.tail {})", self.expr(&same, less)),
            9 if *of == Str => {
                let set = self.expr(&Set("a", Box::new(other)), less);
                format!(
                    "({} {set})",
                    self.one(&["builtins.attrNames", "(s: builtins.attrNames (s // { k = 1; }))"])
                )
            }
            9 => format!("(builtins.attrValues {})", self.expr(&Set("a", Box::new(of.clone())), less)),
            10 if *of == Str => format!("(builtins.splitVersion {})", self.expr(&Str, less)),
            _ => {
                let list = self.expr(&List(Box::new(other.clone())), less);
                format!(
                    "(builtins.concatMap ({variable}: {}) {list})",
                    self.within(variable, other, &same, less)
                )
            }
        }
    }

    fn set(&mut self, name: &'static str, of: &Type, other: Type, less: u32) -> String {
        let (same, variable) = (Set(name, Box::new(of.clone())), self.one(&VARIABLES));
        let second = self.one(&NAMES);
        match self.choose(12) {
            0 | 1 if second != name => {
                format!("{{ {name} = {}; {second} = {}; }}", self.expr(of, less), self.expr(&other, less))
            }
            2 if second != name => {
                // One attribute may name the other.
                let value = self.expr(&other, less);
                let own = match VARIABLES.iter().find(|variable| **variable == second) {
                    Some(variable) => self.within(variable, other, of, less),
                    None => self.expr(of, less),
                };
                format!("(rec {{ {second} = {value}; {name} = {own}; }})")
            }
            3 => {
                format!("({} // {})", self.expr(&Set(second, Box::new(other)), less), self.expr(&same, less))
            }
            4 if second != name => format!("(removeAttrs {} [ \"{second}\" ])", self.expr(&same, less)),
            5 => {
                let set = self.expr(&Set(name, Box::new(other.clone())), less);
                format!(
                    "(builtins.mapAttrs (_: {variable}: {}) {set})",
                    self.within(variable, other, of, less)
                )
            }
            6 => format!(
                "(builtins.listToAttrs [ {{ name = \"{name}\"; value = {}; }} ])",
                self.expr(of, less)
            ),
            7 => {
                let left = self.expr(&Set(name, Box::new(other)), less);
                format!("(builtins.intersectAttrs {left} {})", self.expr(&same, less))
            }
            8 => format!(
                "{{ ${{{}}} = {}; {name} = {}; }}",
                self.expr(&Str, less),
                self.expr(&other, less),
                self.expr(of, less)
            ),
            9 => {
                let list = self.expr(&List(Box::new(other)), less);
                format!(
                    "(builtins.groupBy (_: {}) {list} // {})",
                    self.expr(&Str, less),
                    self.expr(&same, less)
                )
            }
            10 => {
                let set = self.expr(&same, less);
                format!(
                    "(builtins.zipAttrsWith (_: vs: builtins.head vs) [ {set} {} ])",
                    self.expr(&same, less)
                )
            }
            11 => format!(
                "({} // builtins.functionArgs ({{ {variable} ? {}, ... }}: 1) // {{ {name} = {}; }})",
                "{ }",
                self.leaf(&other),
                self.expr(of, less)
            ),
            _ => self.leaf(&same),
        }
    }
}
