package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

const (
	deadline = 15 * time.Second
	atOnce   = 6
)

// A check passes when its body returns and fails when it calls scope.fail.
type check struct {
	name string
	body func(*scope)
}

// failure is what scope.fail panics with.
type failure string

// line is what the contract wants for each check and at the end.
type line map[string]any

var printing sync.Mutex

func say(what line) {
	printing.Lock()
	defer printing.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		panic(err)
	}
}

// run runs the checks, several at once, and prints what became of each.
func run(seeds []string, checks []check) {
	waiting := make(chan check)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for one := range waiting {
				runOne(seeds, one)
			}
		})
	}
	for _, one := range checks {
		waiting <- one
	}
	close(waiting)
	workers.Wait()
	say(line{"done": true, "client": "franz-go", "version": version(), "checks": len(checks)})
}

func runOne(seeds []string, one check) {
	s := newScope(one.name, seeds)
	outcome := make(chan error, 1)
	go func() {
		defer s.close()
		outcome <- guarded(one, s)
	}()
	var err error
	select {
	case err = <-outcome:
	case <-time.After(deadline):
		err = fmt.Errorf("it took longer than %v", deadline)
	}
	if err != nil {
		say(line{"check": one.name, "ok": false, "detail": err.Error()})
	} else {
		say(line{"check": one.name, "ok": true})
	}
}

func guarded(one check, s *scope) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case failure:
			err = fmt.Errorf("%s", string(thrown))
		default:
			err = fmt.Errorf("%v", thrown)
			fmt.Fprintf(os.Stderr, "%s: %v\n%s\n", one.name, thrown, debug.Stack())
		}
	}()
	one.body(s)
	return nil
}

// version returns the version of franz-go that was built in.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/twmb/franz-go" {
				return strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return "unknown"
}
