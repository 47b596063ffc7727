package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"example.com/forum/test/synth"
)

// BenchmarkSynth takes whole processes, from start to exit, as the CDK CLI
// starts them in a folder that it has used before. What "go run" does before
// that, and the built-in validation, are left out.
//
//	go test ./test -run '^$' -bench Synth -benchtime 10x
//
// x-empty is the time of the shipped app in units of the smallest app's, which
// takes turns with it so that both meet the same machine.
func BenchmarkSynth(b *testing.B) {
	empty := program{"app.go": "empty.go"}
	b.Run("Empty", func(b *testing.B) {
		run := empty.warm(b)
		for b.Loop() {
			run()
		}
	})
	b.Run("Shipped", func(b *testing.B) {
		runEmpty, run := empty.warm(b), program{}.warm(b)
		var own, smallest time.Duration
		for b.Loop() {
			b.StopTimer()
			smallest += runEmpty()
			b.StartTimer()
			own += run()
		}
		b.ReportMetric(own.Seconds()/smallest.Seconds(), "x-empty")
	})
	b.Run("Services33", func(b *testing.B) {
		run := program{"services/more.go": "services33.go"}.warm(b, func(app *synth.App) {
			for i := len(app.Catalog.Services); i < 33; i++ {
				app.Context[fmt.Sprintf("service%d", i)] = "live"
			}
		})
		for b.Loop() {
			run()
		}
	})
}

// program is the app with some files, by their paths in the module, taken from testdata/synth.
type program map[string]string

// warm compiles the program, runs it once, and returns what runs it again and
// takes the time. Changes are to the context of cdk.json.
func (p program) warm(b *testing.B, changes ...change) func() time.Duration {
	b.Helper()
	context, err := json.Marshal(fixture(b, changes...).Context)
	if err != nil {
		b.Fatal(err)
	}
	folder := b.TempDir()
	binary, out := p.compile(folder), filepath.Join(folder, "cdk.out")
	run := func() time.Duration {
		c := exec.Command(binary)
		c.Dir = ".."
		c.Env = append(os.Environ(), "CDK_CONTEXT_JSON="+string(context), "CDK_OUTDIR="+out, "CDK_VALIDATION=false")
		start := time.Now()
		if output, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, output)
		}
		return time.Since(start)
	}
	run()
	return run
}

// compile leaves the program in a folder. It panics when that fails: the tests
// that share a program have no one test to blame.
func (p program) compile(folder string) string {
	overlay := map[string]map[string]string{"Replace": {}}
	for path, file := range p {
		overlay["Replace"][path] = filepath.Join("test", "testdata", "synth", file)
	}
	encoded, err := json.Marshal(overlay)
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
