// Command rehearsal runs the whole migration on this machine, without an AWS
// account or Docker: it synthesizes the app at every step and applies the
// templates as CloudFormation does to a region made of the real programs, an
// embedded DynamoDB and a load balancer, while requests keep coming in. It
// measures what other orders lose, breaks things on purpose, lets one service
// scale, and reads everything back that was acknowledged.
//
// It exits with status 1 when any request fails that should not have, and with status 3
// when some did while the machine was too busy to judge them.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
)

func main() {
	status := execute(os.Args[1:])
	jsii.Close() // the CDK's library starts its runtime before main begins
	os.Exit(status)
}

// execute runs what the command line asks for and returns the exit status.
func execute(args []string) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	if runtime.GOOS == "windows" {
		fmt.Fprintln(os.Stderr, "rehearsal: Windows has no signal that asks a program to end: run it on Linux, macOS or in WSL")
		return 1
	}
	// A closed terminal ends the work as Ctrl-C does. A second signal ends it at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop)
	// Taken, this signal lets a write fail. It says nothing of what is closed, which
	// may be one of a thousand connections.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	err = interruptible(ctx, func() error { return run(ctx, o, reader{os.Stdout, stop}) })
	if o.serve && errors.Is(err, errInterrupted) {
		return 0 // there is no other way to end it
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
	}
	return statusOf(err)
}

// statusOf is the exit status of an error.
func statusOf(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errBusy):
		return 3
	}
	return 1
}

var errInterrupted = errors.New("interrupted")

// interruptible gives every way in which Ctrl-C ends the work one name. The
// signal reaches jsii's Node process too, and jsii panics when it finds that gone.
func interruptible(ctx context.Context, work func() error) (err error) {
	defer func() {
		if ctx.Err() != nil {
			_ = recover()
			err = errInterrupted
		}
	}()
	return work()
}

// errFailed is how a rehearsal ends that has found something.
var errFailed = errors.New("failures that should not have been, see above")

func run(ctx context.Context, o options, out output) error {
	if err := findNode(); err != nil {
		return err
	}
	in, err := prepare(ctx, o)
	if err != nil {
		return (&Report{}).ended(err, o.json)
	}
	if o.from != "" && len(in.changes) == 0 {
		_, err := fmt.Fprintf(out, "no phase differs between %s and %s: nothing to rehearse\n", o.from, o.to)
		return (&Report{}).ended(err, o.json)
	}
	o.rate = cmp.Or(o.rate, in.rate)
	scratch, err := os.MkdirTemp("", "rehearsal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	logs := newLogs(in.kinds)
	region, err := region.New(in.app.Root, region.Clock{Startup: o.startup, Propagation: o.propagation, Speed: o.speed}, logs.read)
	if err != nil {
		return err
	}
	defer region.Close()
	region.RunAs(commandsOf(in.catalog))
	region.UseEngine(in.engine)
	region.SetValues(in.values)
	r := &rehearsal{
		catalog:  in.catalog,
		only:     o.only,
		cannot:   in.cannot,
		recorded: o.recorded(),
		kinds:    in.kinds,
		stages:   &stages{app: in.app, scratch: scratch},
		region:   region,
		ledger:   newLedger(),
		logs:     logs,
		report: &Report{
			Rate: o.rate, StartupSeconds: o.startup.Seconds(), PropagationSeconds: o.propagation.Seconds(), Speed: o.speed,
		},
		screen: newScreen(out, os.Getenv("NO_COLOR")),
		mask:   in.values.Mask(),
	}
	defer r.stages.begun.Wait()
	r.account = cloudformation.New(region, r.observe)
	defer r.screen.close()
	r.screen.leftOut(in.catalog, in.cannot)
	for _, note := range in.notes {
		r.screen.line("%s", note)
	}
	if o.serve {
		return r.serve(ctx, o)
	}
	return r.judge(o, func() error {
		if len(in.changes) > 0 {
			return r.rehearseChanges(ctx, in.changes, o.rate)
		}
		return r.run(ctx, o)
	})
}

// judge does the work beside the probe of this machine, and writes the report.
func (r *rehearsal) judge(o options, work func() error) error {
	// An error of writing comes before the rehearsal, not after it.
	r.report.Error = "it did not come to its end"
	if err := r.report.ended(nil, o.json); err != nil {
		return err
	}
	r.report.Error = ""
	measured := load.StartProbe()
	defer measured.Stop()
	r.probe = measured
	if err := r.report.ended(r.judgedError(work()), o.json); err != nil {
		return err
	}
	return r.report.verdict()
}

// findNode looks for what the CDK's library runs on.
func findNode() error {
	node := os.Getenv("JSII_NODE")
	if node == "" {
		node = "node"
	}
	if _, err := exec.LookPath(node); err != nil {
		return fmt.Errorf("%s is not there: install Node 22 or 24, which the CDK runs on", node)
	}
	return nil
}
