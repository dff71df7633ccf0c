// The conformance checks through franz-go: one JSON line per check on stdout, anything else on stderr.
//
// PROBE_BOOTSTRAP names the cluster; an argument chooses the checks whose name contains it.
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	bootstrap := os.Getenv("PROBE_BOOTSTRAP")
	if bootstrap == "" {
		fmt.Fprintln(os.Stderr, "`PROBE_BOOTSTRAP` was not set")
		os.Exit(2)
	}
	only := ""
	if len(os.Args) > 1 {
		only = os.Args[1]
	}
	areas := [][]check{
		consumerGroupChecks, groupChecks, txnChecks, topicChecks, adminChecks, produceChecks, fetchChecks,
		idChecks, versionChecks(),
	}
	var chosen []check
	for _, area := range areas {
		for _, one := range area {
			if strings.Contains(one.name, only) {
				chosen = append(chosen, one)
			}
		}
	}
	run(strings.Split(bootstrap, ","), chosen)
}
