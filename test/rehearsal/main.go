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
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/example"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/internal/synth"
)

// options are the command line's.
type options struct {
	// rate is in requests a second. Zero means that of the log.
	rate   int
	faults bool
	serve  bool
	// phases is empty, to begin with every service dark, or shipped. It is --serve's, as port is.
	phases string
	port   int
	json   string
	env    string
	only   string
	// logs and har are files with recorded traffic. Without any it is the example's.
	logs []string
	har  string
	// from and to are files such as cdk.json.
	from, to string
	startup  time.Duration
	// propagation is in the time of the templates.
	propagation time.Duration
	speed       float64
}

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

// flags are the command line's, which set the options.
func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("rehearsal", flag.ContinueOnError)
	f.IntVar(&o.rate, "rate", 500, "`requests` a second, 50 with --serve, 200 with --from, with --log those of its "+
		"busiest minute, but without --serve 200 at least; a step takes longer below 500")
	f.BoolVar(&o.faults, "faults", true, "break things on purpose after the walk; not with --only, unless it is given")
	f.BoolVar(&o.serve, "serve", false, "stay up on http://"+address(defaultPort)+" and let a person move the paths; ends with Ctrl-C")
	f.StringVar(&o.phases, "phases", "",
		"with --serve, begin with the phases of the first environment in this `file`, which is "+shipped+"; without it all is dark")
	f.IntVar(&o.port, "port", defaultPort, "with --serve, the `port` of localhost to listen on")
	f.StringVar(&o.json, "json", "", "write the report to a `file`, for machines")
	f.StringVar(&o.only, "only", "", "rehearse the migration of one `service` alone")
	f.Func("log", "send the GETs and HEADs of an access log of a load balancer, a `file`, plain or gzip, or a folder; may be repeated",
		func(name string) error {
			o.logs = append(o.logs, name)
			return nil
		})
	f.StringVar(&o.har, "har", "", "send the GETs and HEADs of a HAR `file`, a browser's export, without cookies and credentials")
	f.StringVar(&o.from, "from", "", "rehearse the change of the phases from those of a `cdk.json`")
	f.StringVar(&o.to, "to", "cdk.json", "the `cdk.json` with the phases that --from changes to")
	f.StringVar(&o.env, "env", "", "a `file` with the values of secrets and other variables, NAME=value or orders.NAME=value a line")
	f.DurationVar(&o.startup, "startup", 2*time.Second, "the `duration` that a task takes to start")
	f.DurationVar(&o.propagation, "propagation", 3*time.Second,
		"the `duration`, in the templates' time, until both nodes of the load balancer know of a changed rule or target")
	f.Float64Var(&o.speed, "speed", 10, "the `factor` by which health checks, draining, time-outs and scaling of the templates pass faster")
	return f
}

// parse reads the command line, and says what is wrong with it.
func parse(args []string) (options, error) {
	var o options
	f := o.flags()
	if err := f.Parse(args); err != nil {
		return o, err
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if o.serve && !given["rate"] {
		o.rate = 50
	}
	if o.from != "" && !given["rate"] {
		o.rate = 200
	}
	if o.only != "" && !given["faults"] {
		o.faults = false
	}
	var err error
	switch {
	case f.NArg() > 0:
		err = fmt.Errorf("%q is no flag: see --help", f.Arg(0))
	case o.rate < 1:
		err = fmt.Errorf("--rate %d: want 1 or more", o.rate)
	case o.startup < 0:
		err = fmt.Errorf("--startup %s: want 0s or more", o.startup)
	case o.propagation < 0:
		err = fmt.Errorf("--propagation %s: want 0s or more", o.propagation)
	case !(o.speed >= 1 && o.speed <= 100):
		err = fmt.Errorf("--speed %g: want 1, the templates' own times, to 100", o.speed)
	case o.serve && (o.only != "" || o.from != ""):
		err = errors.New("--serve moves every path: leave --only and --from out")
	case given["to"] && o.from == "":
		err = errors.New("--to wants --from: the cdk.json with the phases of before")
	case o.from != "" && (o.only != "" || given["faults"]):
		err = errors.New("--from rehearses one change: leave --only and --faults out")
	case !o.serve && (given["phases"] || given["port"]):
		err = errors.New("--phases and --port say how --serve begins: add --serve, or leave them out")
	case given["phases"] && o.phases != shipped:
		err = fmt.Errorf("--phases %q: want %s, or leave it out to begin with every service dark", o.phases, shipped)
	case len(o.logs) > 0 && o.har != "":
		err = errors.New("--log and --har are both the traffic: leave one out")
	case o.port < 1 || o.port > 65535:
		err = fmt.Errorf("--port %d: want 1 to 65535", o.port)
	case o.serve && (o.json != "" || given["faults"]):
		err = errors.New("--serve breaks nothing and reports nothing: leave --faults and --json out")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
	}
	if len(o.logs) > 0 && !given["rate"] {
		o.rate = 0
	}
	return o, err
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
	}
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
	if err := r.report.ended(nil, o.json); err != nil {
		return err
	}
	measured := load.StartProbe()
	defer measured.Stop()
	r.probe = measured
	if err := r.report.ended(r.judgedError(work()), o.json); err != nil {
		return err
	}
	return r.report.verdict()
}

// input is what a rehearsal begins with.
type input struct {
	app     *synth.App
	catalog services.Catalog
	kinds   traffic.Traffic
	// rate is that of the log, and notes are lines about it. Both are empty without one.
	rate    int
	notes   []string
	values  region.Values
	changes []change
	engine  region.Engine
	// cannot are the programs that cannot start here.
	cannot []string
}

// prepare reads what the rehearsal begins with, and finds every mistake in it.
func prepare(ctx context.Context, o options) (in input, err error) {
	root, err := os.Getwd()
	if err != nil {
		return in, err
	}
	in.app, err = synth.Shipped(root)
	if errors.Is(err, os.ErrNotExist) {
		return in, errors.New("there is no cdk.json here: run it in the module's folder, as go run ./test/rehearsal")
	}
	if err != nil {
		return in, err
	}
	if in.catalog, err = in.app.Catalog.Complete(); err != nil {
		return in, err
	}
	if err := errors.Join(checkOnly(o.only, in.catalog), allHere(in.app, in.catalog)); err != nil {
		return in, err
	}
	if len(unstartable(in.catalog, "")) > 0 {
		in.engine = region.FindEngine(ctx, os.Getenv)
	}
	in.cannot = unstartable(in.catalog, in.engine)
	if err := checkStart(in.catalog, in.cannot); err != nil {
		return in, err
	}
	if slices.Contains(in.cannot, o.only) {
		return in, errors.New(howToStart(o.only))
	}
	if o.from != "" {
		if in.changes, err = changesOf(in.catalog, o.from, o.to); err != nil {
			return in, err
		}
	}
	if in.values, err = readValues(o.env); err != nil {
		return in, err
	}
	if err := checkSecrets(in.catalog, in.values); err != nil {
		return in, err
	}
	err = in.readTraffic(o)
	return in, err
}

// leastRate is the rate of a log at least: at fewer requests a second none may meet a gap of
// three seconds.
const leastRate = 200

// recorded reports whether recorded traffic takes the place of the example's.
func (o options) recorded() bool { return len(o.logs) > 0 || o.har != "" }

// readTraffic reads the requests that are sent: the example's, or those that were recorded.
func (in *input) readTraffic(o options) (err error) {
	if !o.recorded() {
		in.kinds, err = requestKinds(in.catalog, example.Traffic())
		return err
	}
	var r *recording
	if o.har != "" {
		r, err = readHAR(o.har)
	} else {
		r, err = readLogs(o.logs)
	}
	if err != nil {
		return err
	}
	if in.kinds, in.notes, err = r.traffic(in.catalog); err != nil {
		return err
	}
	there := reached(in.catalog, in.kinds, in.cannot)
	switch {
	case len(there) == 0:
		return fmt.Errorf("no request of %s reaches a service that can start here: want GETs or HEADs of its paths", r.name)
	case o.only != "" && !slices.ContainsFunc(there, func(s services.Service) bool { return s.Name == o.only }):
		return fmt.Errorf("--only %s: no request of %s reaches it", o.only, r.name)
	}
	in.kinds = withKit(in.catalog, in.kinds)
	if in.rate = max(1, r.rate()); !o.serve {
		in.rate = max(leastRate, in.rate)
	}
	return nil
}

// checkOnly fails when the service of --only is none.
func checkOnly(only string, catalog services.Catalog) error {
	var names []string
	for _, s := range catalog.Services {
		names = append(names, s.Name)
	}
	if only != "" && !slices.Contains(names, only) {
		return fmt.Errorf("--only %s: want one of %s", only, strings.Join(names, ", "))
	}
	return nil
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
