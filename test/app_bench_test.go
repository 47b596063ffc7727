package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkSynth takes whole processes, from start to exit, as the CDK CLI
// starts them in a folder that it has used before. What "go run" does before
// that, and the built-in validation, are left out.
//
//	go test ./test -run '^$' -bench Synth -benchtime 10x
//
// x-empty is the time of an app in units of the smallest app's, which
// takes turns with it so that both meet the same machine.
func BenchmarkSynth(b *testing.B) {
	empty := program{main: "empty.go"}
	b.Run("Empty", func(b *testing.B) {
		run := empty.warm(b)
		for b.Loop() {
			run()
		}
	})
	b.Run("Shipped", func(b *testing.B) { empty.compare(b, program{}) })
	for _, n := range sizes {
		b.Run(fmt.Sprintf("Programs%d", n), func(b *testing.B) {
			b.Setenv("PROGRAMS", strconv.Itoa(n))
			empty.compare(b, program{catalog: "synth/grown"}, grown(n))
		})
	}
}

// program is the app with something else in the place of what ships, from testdata.
type program struct {
	// main is the file in the place of app.go. Empty means app.go.
	main string
	// catalog is the package in the place of the example. Empty means the example.
	catalog string
}

// compare takes the time of another program, and reports it in units of p's.
func (p program) compare(b *testing.B, other program, changes ...change) {
	b.Helper()
	runOwn, runOther := p.warm(b), other.warm(b, changes...)
	var own, others time.Duration
	for b.Loop() {
		b.StopTimer()
		own += runOwn()
		b.StartTimer()
		others += runOther()
	}
	b.ReportMetric(others.Seconds()/own.Seconds(), "x-empty")
}

// exampleImport is the line of app.go that names the example.
var exampleImport = regexp.MustCompile(`\texample "example\.com/strangler/services/[^"]+"`)

// source is the text of the program's main file.
func (p program) source() ([]byte, error) {
	if p.main != "" {
		return os.ReadFile(filepath.Join("testdata", "synth", p.main))
	}
	text, err := os.ReadFile("../app.go")
	if err != nil || p.catalog == "" {
		return text, err
	}
	if !exampleImport.Match(text) {
		return nil, errors.New("app.go names no example")
	}
	return exampleImport.ReplaceAll(text, []byte("\texample \"example.com/strangler/test/testdata/"+p.catalog+"\"")), nil
}

// warm compiles the program, runs it once, and returns what runs it again and
// takes the time. Another catalog than the example has the context of the fixture, with
// changes.
func (p program) warm(b *testing.B, changes ...change) func() time.Duration {
	b.Helper()
	app := shipped(b)
	if p.catalog != "" {
		app = neutral(b, changes...)
	}
	context, err := json.Marshal(app.Context)
	require.NoError(b, err)
	folder := b.TempDir()
	binary, out := p.compile(folder), filepath.Join(folder, "cdk.out")
	run := func() time.Duration {
		c := exec.Command(binary)
		c.Dir = ".."
		c.Env = append(os.Environ(), "CDK_CONTEXT_JSON="+string(context), "CDK_OUTDIR="+out, "CDK_VALIDATION=false")
		start := time.Now()
		output, err := c.CombinedOutput()
		taken := time.Since(start)
		require.NoError(b, err, string(output))
		return taken
	}
	run()
	return run
}

// compile leaves the program in a folder. It panics when that fails: the tests
// that share a program have no one test to blame.
func (p program) compile(folder string) string {
	source, err := p.source()
	if err != nil {
		panic(err)
	}
	main := filepath.Join(folder, "main.go")
	if err := os.WriteFile(main, source, 0o644); err != nil {
		panic(err)
	}
	encoded, err := json.Marshal(map[string]map[string]string{"Replace": {"app.go": main}})
	if err != nil {
		panic(err)
	}
	list, binary := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "program")
	if err := os.WriteFile(list, encoded, 0o644); err != nil {
		panic(err)
	}
	build := exec.Command("go", "build", "-overlay", list, "-o", binary, ".")
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, output))
	}
	return binary
}
