#include "tests/lib/test.h"
#include "tests/unit/datastore/cel/cel-fixture.h"

/*
 * Each with its result, what it cost and what it was estimated to cost at most. Results and figures are those of upstream's engine over the
 * same object and schema.
 */

TEST(the_libraries_of_kubernetes_give_upstreams_results_at_upstreams_cost)
{
	static const struct fixture_case cases[] = {
		{ "'%s %d %.2f %x %X %b %o %e'.format(['a', 5, 3.14159, 255, 'hi', 5, 8, "
		  "12345.678])",
		  "string \"a 5 3.14 ff 6869 101 10 1.234568×10⁰⁴\"", 3, 13 },
		{ "'%s'.format([[1,'a',{'k':2.5}]])",
		  "string \"[1, \\\"a\\\", {\\\"k\\\":2.500000}]\"", 1, 51 },
		{ "'%s'.format([duration('90s')])", "string \"90s\"", 1, 12 },
		{ "'%s'.format([timestamp('2020-01-01T00:00:00Z')])",
		  "string \"2020-01-01T00:00:00Z\"", 1, 12 },
		{ "'abc'.find('[bc]')", "string \"b\"", 1, 1 },
		{ "'abcabc'.findAll('b.', 1)", "list [\"bc\"]", 1, 1 },
		{ "'%.2f'.format([1234567.891])", "string \"1,234,567.89\"", 1, 11 },
		{ "'%f'.format([1.0])", "string \"1.000000\"", 1, 11 },
		{ "'%s'.format([[duration('1h'), timestamp('2020-01-01T00:00:00Z'), null, type(1), "
		  "b'ab', true, 1u]])",
		  "string \"[duration(\\\"3600s\\\"), timestamp(\\\"2020-01-01T00:00:00Z\\\"), "
		  "null, int, b\\\"ab\\\", true, 1]\"",
		  1, 24 },
		{ "'%s'.format([{'b':1,'a':[1]}])", "string \"{\\\"a\\\":[1], \\\"b\\\":1}\"", 1,
		  51 },
		{ "'%s'.format([1.5])", "string \"1.5\"", 1, 11 },
		{ "'%x'.format([-255])", "string \"-ff\"", 1, 11 },
		{ "'%e'.format([0.00012])", "string \"1.200000×10⁻⁰⁴\"", 1, 11 },
		{ "'%s'.format([b'abc'])", "string \"abc\"", 1, 11 },
		{ "ip('1.2.3.4').family()", "int 4", 2, 2 },
		{ "ip('300.1.1.1')",
		  "error IP Address \"300.1.1.1\" parse error during conversion from string: "
		  "ParseAddr(\"300.1.1.1\"): IPv4 field has value >255",
		  1, 1 },
		{ "ip('::1').isLoopback()", "bool true", 2, 2 },
		{ "ip('fe80::1%eth0')",
		  "error IP address \"fe80::1%eth0\" with zone value is not allowed", 2, 2 },
		{ "ip('::ffff:1.2.3.4')",
		  "error IPv4-mapped IPv6 address \"::ffff:1.2.3.4\" is not allowed", 2, 2 },
		{ "string(ip('2001:DB8:0:0:0:0:0:1'))", "string \"2001:db8::1\"", 3, 3 },
		{ "ip('010.1.1.1')",
		  "error IP Address \"010.1.1.1\" parse error during conversion from string: "
		  "ParseAddr(\"010.1.1.1\"): IPv4 field has octet with leading zero",
		  1, 1 },
		{ "ip('')",
		  "error IP Address \"\" parse error during conversion from string: "
		  "ParseAddr(\"\"): unable to parse IP",
		  0, 0 },
		{ "ip.isCanonical('2001:db8::1')", "bool true", 3, 3 },
		{ "isIP('1.2.3')", "bool false", 1, 1 },
		{ "cidr('10.0.0.0/8').containsIP('10.1.1.1')", "bool true", 3, 6 },
		{ "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", "bool true", 6, 10 },
		{ "cidr('10.1.2.3/8').masked()", "net.CIDR 10.0.0.0/8", 2, 2 },
		{ "string(cidr('10.1.2.3/8').masked())", "string \"10.0.0.0/8\"", 3, 3 },
		{ "cidr('10.1.2.3/8').ip()", "net.IP 10.1.2.3", 2, 2 },
		{ "cidr('10.1.2.3/8').prefixLength()", "int 8", 2, 2 },
		{ "cidr('10.1.2.3/33')",
		  "error network address parse error during conversion from string: network "
		  "address parse error during conversion from string: "
		  "netip.ParsePrefix(\"10.1.2.3/33\"): prefix length out of range",
		  2, 2 },
		{ "cidr('x')",
		  "error network address parse error during conversion from string: network "
		  "address parse error during conversion from string: netip.ParsePrefix(\"x\"): no "
		  "'/'",
		  1, 1 },
		{ "cidr('10.0.0.0/8').containsIP('x')", "error no such overload", 3, 6 },
		{ "url('https://u:p@example.com:80/path%20a/b?x=1&x=2&y#f').getHost()",
		  "string \"example.com:80\"", 6, 6 },
		{ "url('https://u:p@example.com:80/path%20a/b?x=1&x=2&y#f').getQuery()",
		  "map {\"x\":[\"1\",\"2\"],\"y\":[\"\"]}", 6, 6 },
		{ "url('https://u:p@example.com:80/path a/b?x=1').getEscapedPath()",
		  "string \"/path%20a/b\"", 5, 5 },
		{ "url('https://[::1]:80/').getHostname()", "string \"::1\"", 3, 3 },
		{ "url('https://[::1]:80/').getPort()", "string \"80\"", 3, 3 },
		{ "url('/a/b').getScheme()", "string \"\"", 2, 2 },
		{ "url('a/b')",
		  "error URL parse error during conversion from string: parse \"a/b\": invalid URI "
		  "for request",
		  1, 1 },
		{ "isURL('a/b')", "bool false", 1, 1 },
		{ "isURL('/a/b')", "bool true", 1, 1 },
		{ "isURL('https://')", "bool true", 1, 1 },
		{ "isURL('http://a b.com/')", "bool false", 1, 1 },
		{ "isURL('http://a.com/%zz')", "bool false", 1, 1 },
		{ "isURL('http://a.com:x/')", "bool false", 1, 1 },
		{ "isURL(':foo')", "bool false", 1, 1 },
		{ "isURL('')", "bool false", 1, 1 },
		{ "url('')",
		  "error URL parse error during conversion from string: parse \"\": empty url", 0,
		  0 },
		{ "url('http://[::1')",
		  "error URL parse error during conversion from string: parse \"http://[::1\": "
		  "missing ']' in host",
		  2, 2 },
		{ "isURL('mailto:a@b')", "bool true", 1, 1 },
		{ "isURL('http://a/\\x7f')", "bool false", 1, 1 },
		{ "quantity('1Gi').add(quantity('1')).asInteger()", "int 1073741825", 4, 4 },
		{ "quantity('1.5').asInteger()", "error cannot convert value to integer", 2, 2 },
		{ "quantity('1.5').asApproximateFloat()", "double 1.5", 2, 2 },
		{ "quantity('1Gi').compareTo(quantity('1G'))", "int 1", 3, 3 },
		{ "quantity('x')",
		  "error quantities must match the regular expression "
		  "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
		  1, 1 },
		{ "isQuantity('1Gi')", "bool true", 1, 1 },
		{ "quantity('5').isInteger()", "bool true", 2, 2 },
		{ "sign(quantity('-5'))", "int -1", 2, 2 },
		{ "quantity('1k') == quantity('1000')", "bool true", 3, 3 },
		{ "semver('1.2.3').major()", "int 1", 2, 2 },
		{ "semver('1.2')", "error No Major.Minor.Patch elements found", 1, 1 },
		{ "semver('v1.2', true)", "kubernetes.Semver 1.2.0", 1, 1 },
		{ "semver('01.2.3')", "error Major number must not contain leading zeroes \"01\"",
		  1, 1 },
		{ "semver('1.2.3-rc.1').isLessThan(semver('1.2.3'))", "bool true", 3, 3 },
		{ "semver('1.2.3+a') == semver('1.2.3+b')", "bool true", 3, 3 },
		{ "semver('')", "error Version string empty", 0, 0 },
		{ "semver('1.2.x')", "error Invalid character(s) found in patch number \"x\"", 1,
		  1 },
		{ "semver('1.2.3-')", "error Prerelease is empty", 1, 1 },
		{ "semver('a.b.c')", "error Invalid character(s) found in major number \"a\"", 1,
		  1 },
		{ "isSemver('1.2.3')", "bool true", 1, 1 },
		{ "format.dns1123Label().validate('Abc')",
		  "optional_type [\"a lowercase RFC 1123 label must consist of lower case "
		  "alphanumeric characters or '-', and must start and end with an alphanumeric "
		  "character (e.g. 'my-name',  or '123-abc', regex used for validation is "
		  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\"]",
		  9, 33 },
		{ "format.dns1123Label().validate('abc')", "optional_type none", 9, 33 },
		{ "format.named('foo')", "optional_type none", 1, 1 },
		{ "format.named('uuid').value().validate('x')",
		  "optional_type [\"does not match the UUID format\"]", 20, 34 },
		{ "format.uri().validate('x')",
		  "optional_type [\"parse \\\"x\\\": invalid URI for request\"]", 277, 33 },
		{ "format.qualifiedName().validate('a/b/c')",
		  "optional_type [\"a valid label key must consist of alphanumeric characters, "
		  "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
		  "'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
		  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
		  "prefix and '/' (e.g. 'example.com/MyName')\"]",
		  16, 33 },
		{ "format.labelValue().validate('-')",
		  "optional_type [\"a valid label must be an empty string or consist of "
		  "alphanumeric characters, '-', '_' or '.', and must start and end with an "
		  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
		  "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\"]",
		  11, 33 },
		{ "format.date().validate('2020-01-01')", "optional_type none", 37, 33 },
		{ "format.byte().validate('x')", "optional_type [\"invalid base64\"]", 22, 33 },
		{ "self.a.find(self.a + '(')",
		  "error Illegal regex: error parsing regexp: missing closing ): `hi(`", 6, 64 },
		{ "'%s'.format([self.l])", "string \"[\\\"p\\\", \\\"q\\\"]\"", 13, 13 },
		{ "self.a.find('h.')", "string \"hi\"", 3, 7 },
		{ "'%s-%d'.format([self.a, self.n])", "string \"hi-3\"", 15, 15 },
		{ "quantity('100Mi').isLessThan(quantity('1Gi'))", "bool true", 3, 3 },
		{ "isQuantity(self.a)", "bool false", 3, 6 },
		{ "url('https://a.b/c').getHost() == 'a.b'", "bool true", 4, 4 },
		{ "ip('10.0.0.1').isGlobalUnicast()", "bool true", 2, 2 },
		{ "cidr('10.0.0.0/8').containsIP(ip('10.2.3.4'))", "bool true", 3, 6 },
		{ "cidr('10.0.0.0/8').containsCIDR(cidr('10.2.0.0/16'))", "bool true", 6, 10 },
		{ "ip('10.0.0.1') == ip('10.0.0.1')", "bool true", 3, 3 },
		{ "cidr('10.0.0.0/8') == cidr('10.0.0.0/8')", "bool true", 3, 3 },
		{ "quantity('1') == quantity('1000m')", "bool true", 3, 3 },
		{ "url('http://a') == url('http://a')", "bool true", 3, 3 },
		{ "semver('1.0.0') == semver('1.0.0')", "bool true", 3, 3 },
		{ "cidr('::/0').containsIP('::1')", "bool true", 2, 6 },
		{ "ip('::').isUnspecified()", "bool true", 2, 2 },
		{ "ip('127.0.0.1').isLoopback()", "bool true", 2, 2 },
		{ "ip('169.254.1.1').isLinkLocalUnicast()", "bool true", 3, 3 },
		{ "ip('224.0.0.1').isLinkLocalMulticast()", "bool true", 2, 2 },
		{ "ip('1.2.3')",
		  "error IP Address \"1.2.3\" parse error during conversion from string: "
		  "ParseAddr(\"1.2.3\"): IPv4 address too short",
		  1, 1 },
		{ "ip('1.2.3.4.5')",
		  "error IP Address \"1.2.3.4.5\" parse error during conversion from string: "
		  "ParseAddr(\"1.2.3.4.5\"): IPv4 address too long",
		  1, 1 },
		{ "ip('1..2.3')",
		  "error IP Address \"1..2.3\" parse error during conversion from string: "
		  "ParseAddr(\"1..2.3\"): IPv4 field must have at least one digit (at \".2.3\")",
		  1, 1 },
		{ "ip('a.b.c.d')",
		  "error IP Address \"a.b.c.d\" parse error during conversion from string: "
		  "ParseAddr(\"a.b.c.d\"): unexpected character (at \"a.b.c.d\")",
		  1, 1 },
		{ "ip('abc')",
		  "error IP Address \"abc\" parse error during conversion from string: "
		  "ParseAddr(\"abc\"): unable to parse IP",
		  1, 1 },
		{ "cidr('10.0.0.0')",
		  "error network address parse error during conversion from string: network "
		  "address parse error during conversion from string: "
		  "netip.ParsePrefix(\"10.0.0.0\"): no '/'",
		  1, 1 },
		{ "cidr('10.0.0.0/a')",
		  "error network address parse error during conversion from string: network "
		  "address parse error during conversion from string: "
		  "netip.ParsePrefix(\"10.0.0.0/a\"): bad bits after slash: \"a\"",
		  1, 1 },
		{ "cidr('10.0.0.0/08')",
		  "error network address parse error during conversion from string: network "
		  "address parse error during conversion from string: "
		  "netip.ParsePrefix(\"10.0.0.0/08\"): bad bits after slash: \"08\"",
		  2, 2 },
		{ "cidr('::ffff:10.0.0.0/100')",
		  "error network address parse error during conversion from string: IPv4-mapped "
		  "IPv6 address \"::ffff:10.0.0.0/100\" is not allowed",
		  2, 2 },
		{ "semver('1.2.3.4')", "error Invalid character(s) found in patch number \"3.4\"",
		  1, 1 },
		{ "semver('1.2.3-01')",
		  "error Numeric PreRelease version must not contain leading zeroes \"01\"", 1, 1 },
		{ "semver('1.2.3+')", "error Build meta data is empty", 1, 1 },
		{ "semver('1.2.3-a.b.1+x.y').patch()", "int 3", 3, 3 },
		{ "semver('1.2.3-alpha').compareTo(semver('1.2.3-alpha.1'))", "int -1", 5, 5 },
		{ "semver('1.2.3-2').compareTo(semver('1.2.3-10'))", "int -1", 3, 3 },
		{ "semver('v01.2', true).minor()", "int 2", 2, 2 },
		{ "semver('1-a', true)",
		  "error short version cannot contain PreRelease/Build meta data", 1, 1 },
		{ "isSemver('v1.2.3', true)", "bool true", 1, 1 },
		{ "url('https://example.com/a?b=c').getEscapedPath()", "string \"/a\"", 4, 4 },
		{ "url('https://example.com/a?b=c').getScheme()", "string \"https\"", 4, 4 },
		{ "url('https://example.com:99/a').getPort()", "string \"99\"", 4, 4 },
		{ "url('HTTPS://example.com').getScheme()", "string \"https\"", 3, 3 },
		{ "url('https://example.com/%7Efoo').getEscapedPath()", "string \"/%7Efoo\"", 4, 4 },
		{ "url('https://example.com/?a=1&a=2').getQuery()['a']", "list [\"1\",\"2\"]", 6,
		  5 },
		{ "url('https://example.com/?a=%zz').getQuery()", "map {}", 4, 4 },
		{ "url('https://user:pa ss@example.com/').getHost()",
		  "error URL parse error during conversion from string: parse \"https://user:pa "
		  "ss@example.com/\": net/url: invalid userinfo",
		  5, 5 },
		{ "url('http://a b/')",
		  "error URL parse error during conversion from string: parse \"http://a b/\": "
		  "invalid character \" \" in host name",
		  2, 2 },
		{ "url('http://a:b:c/')",
		  "error URL parse error during conversion from string: parse \"http://a:b:c/\": "
		  "invalid port \":b:c\" after host",
		  2, 2 },
		{ "url('http://[::1]x/')",
		  "error URL parse error during conversion from string: parse \"http://[::1]x/\": "
		  "invalid port \"x\" after host",
		  2, 2 },
		{ "url('ht^tp://a')",
		  "error URL parse error during conversion from string: parse \"ht^tp://a\": "
		  "invalid URI for request",
		  1, 1 },
		{ "url('://a')",
		  "error URL parse error during conversion from string: parse \"://a\": missing "
		  "protocol scheme",
		  1, 1 },
		{ "isURL('http://a')", "bool true", 1, 1 },
	};

	FIXTURE_CHECK(cases);
}
