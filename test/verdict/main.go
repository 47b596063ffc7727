// Command verdict says whether the next word of a service in cdk.json is safe, by what the
// account has counted since the present one was deployed:
//
//	go run ./test/verdict --environment prod orders
//	go run ./test/verdict --environment prod orders live
//
// It answers go, wait or no, with each figure, and only reads. The exit status is 0 for go, 2
// for no, 3 for wait, and 1 when it cannot tell.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/account"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status, err := shipped(ctx, os.Args[1:])
	stop()
	jsii.Close() // the CDK's library starts its runtime before main begins
	switch {
	case errors.Is(err, flag.ErrHelp):
		status = 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "verdict:", err)
	}
	os.Exit(status)
}

// shipped runs on the app of the folder.
func shipped(ctx context.Context, args []string) (status int, err error) {
	app, err := synth.Shipped(".")
	if errors.Is(err, os.ErrNotExist) {
		return failed, errors.New("there is no cdk.json here: run it in the module's folder, as go run ./test/verdict")
	}
	if err != nil {
		return failed, err
	}
	return run(ctx, args, app, time.Now(), os.Stdout, os.Stderr)
}

// The exit statuses beside 0.
const (
	failed = 1
	isNo   = 2
	isWait = 3
)

// options are the command line's.
type options struct {
	environment, from, assembly string
	markdown                    bool
	// errors is in points, and slower in percent.
	errors, slower float64
	bounds         bounds
	key, word      string
}

func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("verdict", flag.ContinueOnError)
	f.StringVar(&o.environment, "environment", "", "the `name` of the environment in cdk.json; required where there are several")
	f.DurationVar(&o.bounds.since, "since", 0,
		"how long the `time` to look at is, such as 6h; else it begins when the program and its rules were last changed")
	f.Float64Var(&o.errors, "errors", 0.5, "the `points` of percent by which more requests may fail than at the program beside it")
	f.Float64Var(&o.slower, "slower", 25, "the `percent` by which a percentile may be above that of the program beside it")
	f.DurationVar(
		&o.bounds.silence,
		"silence",
		7*24*time.Hour,
		"the `time` for which the monolith must have been silent, before strangled, drained and retired",
	)
	f.StringVar(&o.from, "from", "", "the `cdk.json` of what is deployed: judge each change from its phases to those here")
	f.StringVar(&o.assembly, "assembly", "", "the `folder` of the templates of what is deployed, such as cdk.out; else they are synthesized")
	f.BoolVar(&o.markdown, "markdown", false, "print a line for each step, for a pull request")
	return f
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := o.flags()
	f.SetOutput(stderr)
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, errors.New("see --help")
	}
	o.key, o.word = f.Arg(0), f.Arg(1)
	o.bounds.errors, o.bounds.slower = o.errors/100, o.slower/100
	switch {
	case f.NArg() > 2 || o.from == "" && o.key == "":
		return o, errors.New("want a service of the catalog, and a phase if it is not to be the next: see --help")
	case o.from != "" && o.key != "":
		return o, errors.New("--from judges every change of a phase: leave the service out")
	case !(o.errors > 0 && o.errors < 100):
		return o, fmt.Errorf("--errors %g: want above 0, and below 100", o.errors)
	case !(o.slower >= 0):
		return o, fmt.Errorf("--slower %g: want 0 or more", o.slower)
	case o.bounds.since != 0 && o.bounds.since < 2*late:
		return o, fmt.Errorf("--since %s: want 10m or more, as the newest 5 minutes are left out", o.bounds.since)
	case o.bounds.silence < time.Hour || o.bounds.silence > 400*24*time.Hour:
		return o, fmt.Errorf("--silence %s: want an hour to 400 days", o.bounds.silence)
	}
	return o, nil
}

// run prints the verdict on each step that the command line asks for.
func run(ctx context.Context, args []string, app *synth.App, now time.Time, out, stderr io.Writer) (status int, err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return failed, err
	}
	steps, environment, phases, err := stepsOf(o, app)
	if err != nil {
		return failed, err
	}
	verdicts, err := judgeAll(ctx, o, app, environment, phases, steps, now)
	if err != nil {
		return failed, account.Explained(err)
	}
	if len(verdicts) == 0 && !o.markdown {
		_, err := fmt.Fprintf(out, "no phase of %s changes: nothing to judge\n", environment.StageName())
		return 0, err
	}
	for _, v := range verdicts {
		if err := write(out, v, o.markdown); err != nil {
			return failed, err
		}
	}
	return map[answer]int{no: isNo, wait: isWait}[worst(verdicts)], nil
}

func write(out io.Writer, v verdict, markdown bool) error {
	if markdown {
		_, err := io.WriteString(out, v.line())
		return err
	}
	return v.print(out)
}

// stepsOf are the steps that the command line asks for, and the phases of now.
func stepsOf(o options, app *synth.App) (steps []step, e stacks.Environment, phases map[string]string, err error) {
	read, err := stacks.Read(app.Context, app.Catalog)
	if err != nil {
		return nil, e, nil, err
	}
	if e, err = environmentOf(read, o.environment); err != nil {
		return nil, e, nil, err
	}
	phases = e.Phases
	if o.from == "" {
		s, err := asked(read.Catalog, phases, o.key, o.word)
		return []step{s}, e, phases, err
	}
	before, err := stacks.PhasesIn(o.from, read.Catalog)
	if err != nil {
		return nil, e, nil, fmt.Errorf("--from %s: %w", o.from, err)
	}
	from, there := before[e.StageName()]
	if !there {
		return nil, e, nil, nil // it is new
	}
	return between(read.Catalog, from, phases), e, from, nil
}

// environmentOf is the environment of a name, or the only one.
func environmentOf(app *stacks.App, name string) (stacks.Environment, error) {
	var names []string
	for _, e := range app.Environments {
		if e.Name == name || name == "" && len(app.Environments) == 1 {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return stacks.Environment{}, fmt.Errorf("--environment %q: want one of %s", name, strings.Join(names, ", "))
}

// judgeAll judges the steps: those that need no account, and then the others by what it has.
func judgeAll(ctx context.Context, o options, app *synth.App, e stacks.Environment, phases map[string]string, steps []step, now time.Time) (
	[]verdict, error,
) {
	catalog, err := app.Catalog.Complete()
	if err != nil {
		return nil, err
	}
	wrong := mistakes(catalog, phases, steps)
	verdicts := make([]verdict, len(steps))
	var left []step
	for i, s := range steps {
		verdicts[i] = verdict{step: s, stage: e.StageName(), findings: s.withoutAccount(wrong)}
		if verdicts[i].findings == nil {
			left = append(left, s)
		}
	}
	if len(left) == 0 {
		return verdicts, nil
	}
	of, err := newJudge(ctx, o, app, e, phases, left, catalog)
	if err != nil {
		return nil, err
	}
	of.now = now.UTC() // as the times of a series are: those of another zone are other keys
	for i := range verdicts {
		if verdicts[i].findings != nil {
			continue
		}
		of.step = steps[i]
		if verdicts[i], err = of.judge(ctx); err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

// newJudge reads what the account and the templates have for some steps.
func newJudge(
	ctx context.Context,
	o options,
	app *synth.App,
	e stacks.Environment,
	phases map[string]string,
	steps []step,
	catalog services.Catalog,
) (j judge, err error) {
	signedIn, err := account.In(ctx, e.Account, e.Region)
	if err != nil {
		return j, err
	}
	stage, err := stageOf(o, app, e.StageName())
	if err != nil {
		return j, err
	}
	j = judge{clients: newClients(signedIn), catalog: catalog, environment: e, phases: phases, stage: stage, bounds: o.bounds}
	var groups []string
	for _, s := range steps {
		j.step = s
		for _, name := range []string{s.service(), j.beside(), catalog.Monolith.Name} {
			if group := j.group(name); group != "" && !slices.Contains(groups, group) {
				groups = append(groups, group)
			}
		}
	}
	j.deployed, err = j.readDeployed(ctx, stage, groups)
	return j, err
}

// stageOf is the environment in the templates of what is deployed.
func stageOf(o options, app *synth.App, name string) (*assembly.Stage, error) {
	if o.assembly != "" {
		a, err := assembly.Read(o.assembly)
		if err != nil {
			return nil, err
		}
		return a.Stage(name)
	}
	scratch, err := os.MkdirTemp("", "verdict-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	a, err := app.Synthesize(filepath.Join(scratch, "cdk.out"))
	if err != nil {
		return nil, err
	}
	return a.Stage(name)
}
