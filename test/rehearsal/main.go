// Command rehearsal runs the whole migration on this machine, without an AWS
// account or Docker: it synthesizes the app at every step, starts the real
// programs and an embedded DynamoDB from what the templates say, puts a load
// balancer that obeys the templates' listener rules in front, and sends requests
// to every path.
//
// It exits with status 1 when any request fails or is answered wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/aws/jsii-runtime-go"

	"example.com/forum/test/assembly"
	"example.com/forum/test/synth"
)

func main() {
	// A closed terminal and a closed pipe end the work as Ctrl-C does.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := interruptible(ctx, func() error { return run(ctx, os.Stdout) })
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
		os.Exit(1)
	}
}

var errInterrupted = errors.New("interrupted")

// interruptible gives every way in which Ctrl-C ends the work one name. The
// signal reaches jsii's Node process too, and jsii panics when it finds that gone.
func interruptible(ctx context.Context, work func() error) (err error) {
	defer func() {
		if ctx.Err() != nil {
			recover()
			err = errInterrupted
		}
	}()
	return work()
}

func run(ctx context.Context, out io.Writer) error {
	defer jsii.Close()
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	app, err := synth.Shipped(root)
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("there is no cdk.json here: run it in the module's folder, as go run ./test/rehearsal")
	}
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "rehearsal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	region, err := newRegion(root)
	if err != nil {
		return err
	}
	defer region.close()
	return rehearse(ctx, app, region, scratch, newReport(out))
}

// rehearse takes the region through every step and reports what requests met.
func rehearse(ctx context.Context, app *synth.App, region *region, scratch string, report *report) error {
	written := ledger{}
	failures := 0
	report.head()
	for i, step := range walk(app.Catalog) {
		stage, err := synthesize(app, step, filepath.Join(scratch, fmt.Sprint(i)))
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if err := region.deploy(ctx, stage); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		visitor := newVisitor(ctx, region.door)
		written.add(exercise(visitor, i))
		if ctx.Err() != nil {
			return errInterrupted
		}
		visitor.checkPhases(app.Catalog, step)
		report.row(step.name, visitor.score)
		failures += len(visitor.score.failures)
	}
	auditor := newVisitor(ctx, region.door)
	audit(auditor, written)
	report.row("audit of writes", auditor.score)
	if failures += len(auditor.score.failures); failures > 0 {
		return fmt.Errorf("%d failures", failures)
	}
	return nil
}

// synthesize makes the app as it is at a step.
func synthesize(app *synth.App, step step, folder string) (*assembly.Stage, error) {
	for name, phase := range step.phases {
		app.Context[name] = phase
	}
	a, err := app.Synthesize(folder)
	if err != nil {
		return nil, err
	}
	return a.Stages[0], nil
}
