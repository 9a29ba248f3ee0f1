// Whether histories of operations on registers are linearizable: reads one operation a line from stdin, as JSON, and judges each
// register's by Porcupine (the search of Wing and Gong with the cache of Lowe).
//
//	{"key":"r1","client":3,"kind":"read","value":"a-7","begin":12,"end":15}
//	{"key":"r1","client":4,"kind":"swap","expected":"a-7","value":"b-1","outcome":"done","begin":13,"end":19}
//
// A swap's outcome is done, refused (somebody else was faster) or unknown: then it may have happened at any time after its begin, or
// never. Every value is written once at most; "" is the first of each register. Ends with 0 when all are linearizable, with 1 and the
// keys of those that are not, with 2 when it could not judge; `histories FOLDER` leaves a picture of each bad one in there.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/anishathalye/porcupine"
)

const patience = 10 * time.Minute

type operation struct {
	Key      string `json:"key"`
	Client   int    `json:"client"`
	Kind     string `json:"kind"`
	Expected string `json:"expected"`
	Value    string `json:"value"`
	Outcome  string `json:"outcome"`
	Begin    int64  `json:"begin"`
	End      int64  `json:"end"`
}

// The register as the set of values that it may have: an operation whose outcome nobody knows leaves two.
var register = porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[string][]porcupine.Operation{}
		for _, each := range history {
			key := each.Input.(operation).Key
			parts[key] = append(parts[key], each)
		}
		var all [][]porcupine.Operation
		for _, part := range parts {
			all = append(all, part)
		}
		return all
	},
	Init: func() []interface{} { return []interface{}{""} },
	Step: func(state, input, _ interface{}) []interface{} {
		value, op := state.(string), input.(operation)
		switch {
		case op.Kind == "read":
			if value == op.Value {
				return []interface{}{value}
			}
			return nil
		case op.Outcome == "refused":
			if value != op.Expected {
				return []interface{}{value}
			}
			return nil
		case op.Outcome == "done":
			if value == op.Expected {
				return []interface{}{op.Value}
			}
			return nil
		case value == op.Expected:
			return []interface{}{value, op.Value}
		}
		return []interface{}{value}
	},
	Equal: func(a, b interface{}) bool { return a == b },
	DescribeOperation: func(input, _ interface{}) string {
		op := input.(operation)
		if op.Kind == "read" {
			return fmt.Sprintf("read %q", op.Value)
		}
		return fmt.Sprintf("%q to %q: %s", op.Expected, op.Value, op.Outcome)
	},
}

func read() (map[string][]porcupine.Operation, error) {
	histories := map[string][]porcupine.Operation{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var op operation
		if err := json.Unmarshal(lines.Bytes(), &op); err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		known := op.Kind == "read" || op.Kind == "swap" && (op.Outcome == "done" || op.Outcome == "refused" || op.Outcome == "unknown")
		if !known || op.Key == "" || op.End < op.Begin {
			return nil, fmt.Errorf("no operation: %q", lines.Text())
		}
		end := op.End
		if op.Outcome == "unknown" {
			end = math.MaxInt64
		}
		histories[op.Key] = append(histories[op.Key],
			porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Begin, Output: nil, Return: end})
	}
	return histories, lines.Err()
}

func main() {
	histories, err := read()
	if err != nil {
		fmt.Fprintln(os.Stderr, "histories:", err)
		os.Exit(2)
	}
	model, code, count := register.ToModel(), 0, 0
	for key, history := range histories {
		count += len(history)
		verdict, info := porcupine.CheckOperationsVerbose(model, history, patience)
		if verdict == porcupine.Ok {
			continue
		}
		code = 1
		fmt.Printf("%s: %d operations are not linearizable (%s)\n", key, len(history), verdict)
		if len(os.Args) > 1 {
			if err := porcupine.VisualizePath(model, info, filepath.Join(os.Args[1], key+".html")); err != nil {
				fmt.Fprintln(os.Stderr, "histories:", err)
			}
		}
	}
	fmt.Printf("%d operations on %d registers\n", count, len(histories))
	os.Exit(code)
}
