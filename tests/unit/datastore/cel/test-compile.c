#include "tests/lib/test.h"
#include "tests/unit/datastore/cel/cel-fixture.h"

/*
 * What is wrong with an expression is said with its place, in upstream's words.
 */

TEST(what_does_not_compile_is_told_with_its_place)
{
	static const struct fixture_case cases[] = {
		{ "self.a +",
		  "compilation failed: ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.a +\n | ........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a)",
		  "compilation failed: ERROR: <input>:1:7: Syntax error: extraneous input ')' "
		  "expecting <EOF>\n | self.a)\n | ......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a b",
		  "compilation failed: ERROR: <input>:1:8: Syntax error: extraneous input 'b' "
		  "expecting <EOF>\n | self.a b\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "1 + + 2",
		  "compilation failed: ERROR: <input>:1:5: Syntax error: extraneous input '+' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 + + 2\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ ")",
		  "compilation failed: ERROR: <input>:1:1: Syntax error: mismatched input ')' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | )\n | ^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "-",
		  "compilation failed: ERROR: <input>:1:2: Syntax error: no viable alternative at "
		  "input '-'\n | -\n | .^\nERROR: <input>:1:2: Syntax error: mismatched input "
		  "'<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', "
		  "NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | -\n | .^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "",
		  "compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.",
		  "compilation failed: ERROR: <input>:1:6: Syntax error: no viable alternative at "
		  "input '.'\n | self.\n | .....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a == 'x",
		  "compilation failed: ERROR: <input>:1:11: Syntax error: token recognition error "
		  "at: ''x'\n | self.a == 'x\n | ..........^\nERROR: <input>:1:13: Syntax error: "
		  "mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', "
		  "'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | "
		  "self.a == 'x\n | ............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "has(self)",
		  "compilation failed: ERROR: <input>:1:5: invalid argument to has() macro\n | "
		  "has(self)\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "has(self.a.b",
		  "compilation failed: ERROR: <input>:1:13: Syntax error: missing ')' at '<EOF>'\n "
		  "| has(self.a.b\n | ............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "[1,2",
		  "compilation failed: ERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' "
		  "expecting {']', ','}\n | [1,2\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "{1:2",
		  "compilation failed: ERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' "
		  "expecting {'}', ','}\n | {1:2\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "{1}",
		  "compilation failed: ERROR: <input>:1:3: Syntax error: mismatched input '}' "
		  "expecting ':'\n | {1}\n | ..^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.if", "compilation failed: ERROR: <input>:1:5: undefined field 'if'\n | self.if\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "if",
		  "compilation failed: ERROR: <input>:1:1: reserved identifier: if\n | if\n | ^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a ? 1",
		  "compilation failed: ERROR: <input>:1:11: Syntax error: mismatched input '<EOF>' "
		  "expecting ':'\n | self.a ? 1\n | ..........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "foo(1)",
		  "compilation failed: ERROR: <input>:1:4: undeclared reference to 'foo' (in "
		  "container '')\n | foo(1)\n | ...^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "@",
		  "compilation failed: ERROR: <input>:1:1: Syntax error: token recognition error "
		  "at: '@'\n | @\n | ^\nERROR: <input>:1:2: Syntax error: mismatched input '<EOF>' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | @\n | .^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.map(1, x)",
		  "compilation failed: ERROR: <input>:1:12: argument is not an identifier\n | "
		  "self.l.map(1, x)\n | ...........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.map(x.y, x)",
		  "compilation failed: ERROR: <input>:1:13: argument is not an identifier\n | "
		  "self.l.map(x.y, x)\n | ............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.map(x)",
		  "compilation failed: ERROR: <input>:1:11: undeclared reference to 'map' (in "
		  "container '')\n | self.l.map(x)\n | ..........^\nERROR: <input>:1:12: "
		  "undeclared reference to 'x' (in container '')\n | self.l.map(x)\n | "
		  "...........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "9223372036854775808",
		  "compilation failed: ERROR: <input>:1:1: invalid int literal\n | "
		  "9223372036854775808\n | ^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'abc",
		  "compilation failed: ERROR: <input>:1:1: Syntax error: token recognition error "
		  "at: ''abc'\n | 'abc\n | ^\nERROR: <input>:1:5: Syntax error: mismatched input "
		  "'<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', "
		  "NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 'abc\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.all(x, x)",
		  "compilation failed: ERROR: <input>:1:15: expected type 'bool' but found "
		  "'string'\n | self.l.all(x, x)\n | ..............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.b", "compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a == 1",
		  "compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' "
		  "applied to '(string, int)'\n | self.a == 1\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.n + 'a'",
		  "compilation failed: ERROR: <input>:1:8: found no matching overload for '_+_' "
		  "applied to '(int, string)'\n | self.n + 'a'\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "undefined1 + undefined2",
		  "compilation failed: ERROR: <input>:1:1: undeclared reference to 'undefined1' "
		  "(in container '')\n | undefined1 + undefined2\n | ^\nERROR: <input>:1:14: "
		  "undeclared reference to 'undefined2' (in container '')\n | undefined1 + "
		  "undefined2\n | .............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a.foo()",
		  "compilation failed: ERROR: <input>:1:11: undeclared reference to 'foo' (in "
		  "container '')\n | self.a.foo()\n | ..........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "[1,'a']",
		  "compilation failed: ERROR: <input>:1:4: expected type 'int' but found "
		  "'string'\n | [1,'a']\n | ...^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "{1:2,'a':3}",
		  "compilation failed: ERROR: <input>:1:6: expected type 'int' but found "
		  "'string'\n | {1:2,'a':3}\n | .....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.n ? 1 : 2",
		  "compilation failed: ERROR: <input>:1:8: found no matching overload for '_?_:_' "
		  "applied to '(int, int, int)'\n | self.n ? 1 : 2\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "true && 1",
		  "compilation failed: ERROR: <input>:1:9: expected type 'bool' but found 'int'\n "
		  "| true && 1\n | ........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.namespace",
		  "compilation failed: ERROR: <input>:1:5: undefined field 'namespace'\n | "
		  "self.namespace\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "Foo{}",
		  "compilation failed: ERROR: <input>:1:4: undeclared reference to 'Foo' (in "
		  "container '')\n | Foo{}\n | ...^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "Foo{a: 1}",
		  "compilation failed: ERROR: <input>:1:4: undeclared reference to 'Foo' (in "
		  "container '')\n | Foo{a: 1}\n | ...^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a.size(1)",
		  "compilation failed: ERROR: <input>:1:12: found no matching overload for 'size' "
		  "applied to 'string.(int)'\n | self.a.size(1)\n | ...........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'a' in 'b'",
		  "compilation failed: ERROR: <input>:1:5: found no matching overload for '@in' "
		  "applied to '(string, string)'\n | 'a' in 'b'\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.o.x.y",
		  "compilation failed: ERROR: <input>:1:9: type 'int' does not support field "
		  "selection\n | self.o.x.y\n | ........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l[0].x",
		  "compilation failed: ERROR: <input>:1:10: type 'string' does not support field "
		  "selection\n | self.l[0].x\n | .........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a.matches('(')",
		  "compilation failed: ERROR: <input>:1:16: invalid matches argument\n | "
		  "self.a.matches('(')\n | ...............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "duration('x')",
		  "compilation failed: ERROR: <input>:1:10: invalid duration argument\n | "
		  "duration('x')\n | .........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "timestamp('y')",
		  "compilation failed: ERROR: <input>:1:11: invalid timestamp argument\n | "
		  "timestamp('y')\n | ..........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "cel.bind(x, 1, x)",
		  "compilation failed: ERROR: <input>:1:1: undeclared reference to 'cel' (in "
		  "container '')\n | cel.bind(x, 1, x)\n | ^\nERROR: <input>:1:9: undeclared "
		  "reference to 'bind' (in container '')\n | cel.bind(x, 1, x)\n | "
		  "........^\nERROR: <input>:1:10: undeclared reference to 'x' (in container '')\n "
		  "| cel.bind(x, 1, x)\n | .........^\nERROR: <input>:1:16: undeclared reference "
		  "to 'x' (in container '')\n | cel.bind(x, 1, x)\n | ...............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "1 +",
		  "compilation failed: ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "int('abc')",
		  "program instantiation failed: type conversion error from 'string' to 'int'",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "int(1e20)", "program instantiation failed: integer overflow", FIXTURE_NO_COST,
		  FIXTURE_NO_COST },
		{ "int('9999999999999999999')",
		  "program instantiation failed: type conversion error from 'string' to 'int'",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "uint(-1)", "program instantiation failed: unsigned integer overflow",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "uint('x')",
		  "program instantiation failed: type conversion error from 'string' to 'uint'",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "double('x')",
		  "program instantiation failed: type conversion error from 'string' to 'double'",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "bool('x')",
		  "program instantiation failed: type conversion error from 'string' to 'bool'",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "string(b'\\xff')",
		  "program instantiation failed: invalid UTF-8 in bytes, cannot convert to string",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "string(type(1))",
		  "compilation failed: ERROR: <input>:1:7: found no matching overload for 'string' "
		  "applied to '(type(int))'\n | string(type(1))\n | ......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "{1:2}[1u]",
		  "compilation failed: ERROR: <input>:1:6: found no matching overload for '_[_]' "
		  "applied to '(map(int, int), uint)'\n | {1:2}[1u]\n | .....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "{1:2}[1.0]",
		  "compilation failed: ERROR: <input>:1:6: found no matching overload for '_[_]' "
		  "applied to '(map(int, int), double)'\n | {1:2}[1.0]\n | .....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'%d'.format(['x'])",
		  "compilation failed: ERROR: <input>:1:14: error during formatting: decimal "
		  "clause can only be used on integers, was given string\n | '%d'.format(['x'])\n "
		  "| .............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'%s'.format([])",
		  "compilation failed: ERROR: <input>:1:12: index 0 out of range\n | "
		  "'%s'.format([])\n | ...........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'%z'.format([1])",
		  "compilation failed: ERROR: <input>:1:12: could not parse formatting clause: "
		  "unrecognized formatting clause \"z\"\n | '%z'.format([1])\n | ...........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'%s %s'.format(['a'])",
		  "compilation failed: ERROR: <input>:1:15: index 1 out of range\n | '%s "
		  "%s'.format(['a'])\n | ..............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "1 == 1.0",
		  "compilation failed: ERROR: <input>:1:3: found no matching overload for '_==_' "
		  "applied to '(int, double)'\n | 1 == 1.0\n | ..^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.ns.`a-b`",
		  "compilation failed: ERROR: <input>:1:8: undefined field 'a-b'\n | "
		  "self.ns.`a-b`\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'%s %s'.format(['a','b','c'])",
		  "compilation failed: ERROR: <input>:1:15: too many arguments supplied to "
		  "string.format (expected 2, got 3)\n | '%s %s'.format(['a','b','c'])\n | "
		  "..............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "quantity('5').sign()",
		  "compilation failed: ERROR: <input>:1:19: found no matching overload for 'sign' "
		  "applied to 'kubernetes.Quantity.()'\n | quantity('5').sign()\n | "
		  "..................^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'abc'.find('(')",
		  "program instantiation failed: error parsing regexp: missing closing ): `(`",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'abc'.findAll('[a')",
		  "program instantiation failed: error parsing regexp: missing closing ]: `[a`",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'a'.matches('a{2000}')",
		  "compilation failed: ERROR: <input>:1:13: invalid matches argument\n | "
		  "'a'.matches('a{2000}')\n | ............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "dyn([1,'a']).sum()",
		  "compilation failed: ERROR: <input>:1:8: expected type 'int' but found "
		  "'string'\n | dyn([1,'a']).sum()\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "[[1],[2,[3]]].flatten(5)",
		  "compilation failed: ERROR: <input>:1:6: expected type 'list(int)' but found "
		  "'list(dyn)'\n | [[1],[2,[3]]].flatten(5)\n | .....^\nERROR: <input>:1:9: "
		  "expected type 'int' but found 'list(int)'\n | [[1],[2,[3]]].flatten(5)\n | "
		  "........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "!has(self.b) ",
		  "compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | !has(self.b) \n "
		  "| ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "a.b",
		  "compilation failed: ERROR: <input>:1:1: undeclared reference to 'a' (in "
		  "container '')\n | a.b\n | ^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self['a']",
		  "compilation failed: ERROR: <input>:1:5: found no matching overload for '_[_]' "
		  "applied to '(selfType, string)'\n | self['a']\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l['a']",
		  "compilation failed: ERROR: <input>:1:7: found no matching overload for '_[_]' "
		  "applied to '(list(string), string)'\n | self.l['a']\n | ......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.m[1]",
		  "compilation failed: ERROR: <input>:1:7: found no matching overload for '_[_]' "
		  "applied to '(map(string, string), int)'\n | self.m[1]\n | ......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.n.x",
		  "compilation failed: ERROR: <input>:1:7: type 'int' does not support field "
		  "selection\n | self.n.x\n | ......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.size",
		  "compilation failed: ERROR: <input>:1:7: type 'list(string)' does not support "
		  "field selection\n | self.l.size\n | ......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "1 +",
		  "compilation failed: ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "{'a':}",
		  "compilation failed: ERROR: <input>:1:6: Syntax error: mismatched input '}' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | {'a':}\n | .....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.all(x)",
		  "compilation failed: ERROR: <input>:1:11: undeclared reference to 'all' (in "
		  "container '')\n | self.l.all(x)\n | ..........^\nERROR: <input>:1:12: "
		  "undeclared reference to 'x' (in container '')\n | self.l.all(x)\n | "
		  "...........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "x -> y",
		  "compilation failed: ERROR: <input>:1:4: Syntax error: extraneous input '>' "
		  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
		  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | x -> y\n | ...^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "\"unterminated",
		  "compilation failed: ERROR: <input>:1:1: Syntax error: token recognition error "
		  "at: '\"unterminated'\n | \"unterminated\n | ^\nERROR: <input>:1:14: Syntax "
		  "error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', "
		  "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
		  "IDENTIFIER}\n | \"unterminated\n | .............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "1.",
		  "compilation failed: ERROR: <input>:1:3: Syntax error: no viable alternative at "
		  "input '.'\n | 1.\n | ..^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "0xZZ",
		  "compilation failed: ERROR: <input>:1:2: Syntax error: extraneous input 'xZZ' "
		  "expecting <EOF>\n | 0xZZ\n | .^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "1e",
		  "compilation failed: ERROR: <input>:1:2: Syntax error: extraneous input 'e' "
		  "expecting <EOF>\n | 1e\n | .^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a.b.c",
		  "compilation failed: ERROR: <input>:1:7: type 'string' does not support field "
		  "selection\n | self.a.b.c\n | ......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "size(1)",
		  "compilation failed: ERROR: <input>:1:5: found no matching overload for 'size' "
		  "applied to '(int)'\n | size(1)\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "size()",
		  "compilation failed: ERROR: <input>:1:5: found no matching overload for 'size' "
		  "applied to '()'\n | size()\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "foo.bar(1)",
		  "compilation failed: ERROR: <input>:1:1: undeclared reference to 'foo' (in "
		  "container '')\n | foo.bar(1)\n | ^\nERROR: <input>:1:8: undeclared reference to "
		  "'bar' (in container '')\n | foo.bar(1)\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.foo(1)",
		  "compilation failed: ERROR: <input>:1:9: undeclared reference to 'foo' (in "
		  "container '')\n | self.foo(1)\n | ........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "has(1)",
		  "compilation failed: ERROR: <input>:1:5: invalid argument to has() macro\n | "
		  "has(1)\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "has(self)",
		  "compilation failed: ERROR: <input>:1:5: invalid argument to has() macro\n | "
		  "has(self)\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "has(self.l[0])",
		  "compilation failed: ERROR: <input>:1:11: invalid argument to has() macro\n | "
		  "has(self.l[0])\n | ..........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "has(self.a.size())",
		  "compilation failed: ERROR: <input>:1:16: invalid argument to has() macro\n | "
		  "has(self.a.size())\n | ...............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.map(x, y)",
		  "compilation failed: ERROR: <input>:1:15: undeclared reference to 'y' (in "
		  "container '')\n | self.l.map(x, y)\n | ..............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.filter(x, 1)",
		  "compilation failed: ERROR: <input>:1:14: found no matching overload for '_?_:_' "
		  "applied to '(int, list(string), list(string))'\n | self.l.filter(x, 1)\n | "
		  ".............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.exists(x, 'a')",
		  "compilation failed: ERROR: <input>:1:18: expected type 'bool' but found "
		  "'string'\n | self.l.exists(x, 'a')\n | .................^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.n.all(x, true)",
		  "compilation failed: ERROR: <input>:1:5: expression of type 'int' cannot be "
		  "range of a comprehension (must be list, map, or dynamic)\n | self.n.all(x, "
		  "true)\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'a' + 1 + true",
		  "compilation failed: ERROR: <input>:1:5: found no matching overload for '_+_' "
		  "applied to '(string, int)'\n | 'a' + 1 + true\n | ....^\nERROR: <input>:1:9: "
		  "found no matching overload for '_+_' applied to '(!error!, bool)'\n | 'a' + 1 + "
		  "true\n | ........^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "1 < 'a'",
		  "compilation failed: ERROR: <input>:1:3: found no matching overload for '_<_' "
		  "applied to '(int, string)'\n | 1 < 'a'\n | ..^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "[1] + ['a']",
		  "compilation failed: ERROR: <input>:1:5: found no matching overload for '_+_' "
		  "applied to '(list(int), list(string))'\n | [1] + ['a']\n | ....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "1 in 'a'",
		  "compilation failed: ERROR: <input>:1:3: found no matching overload for '@in' "
		  "applied to '(int, string)'\n | 1 in 'a'\n | ..^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "'%d %s'.format([self.a, 1])",
		  "compilation failed: ERROR: <input>:1:21: error during formatting: decimal "
		  "clause can only be used on integers, was given string\n | '%d "
		  "%s'.format([self.a, 1])\n | ....................^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "null == 1",
		  "compilation failed: ERROR: <input>:1:6: found no matching overload for '_==_' "
		  "applied to '(null, int)'\n | null == 1\n | .....^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.a == null",
		  "compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' "
		  "applied to '(string, null)'\n | self.a == null\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.o == {'x': 1}",
		  "compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' "
		  "applied to '(selfType.o, map(string, int))'\n | self.o == {'x': 1}\n | .......^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "duration('100h') * 2",
		  "compilation failed: ERROR: <input>:1:18: found no matching overload for '_*_' "
		  "applied to '(duration, int)'\n | duration('100h') * 2\n | .................^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
		{ "self.l.findAll('x')",
		  "compilation failed: ERROR: <input>:1:15: found no matching overload for "
		  "'findAll' applied to 'list(string).(string)'\n | self.l.findAll('x')\n | "
		  "..............^",
		  FIXTURE_NO_COST, FIXTURE_NO_COST },
	};

	FIXTURE_CHECK(cases);
}
