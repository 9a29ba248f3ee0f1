"""Runs the tests of one script that needs no cluster: `sys.exit(script.main(globals()))`; each is a function test_a_sentence."""


def main(names):
    tests = [(name[5:], test) for name, test in names.items() if name.startswith("test_")]
    failed = 0
    for name, test in tests:
        try:
            test()
        except Exception as why:
            failed += 1
            print("FAIL %s: %r" % (name, why))
    print("%d passed, %d failed, 0 skipped" % (len(tests) - failed, failed))
    return 1 if failed else 0
