package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
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
	f.DurationVar(&o.startup, "startup", time.Second, "the `duration` that a task takes to start")
	f.DurationVar(&o.propagation, "propagation", 3*time.Second,
		"the `duration`, in the templates' time, until both nodes of the load balancer know of a changed rule or target")
	f.Float64Var(&o.speed, "speed", 25,
		"the `factor` by which health checks, draining and scaling of the templates pass faster; time-outs do up to 10 times")
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
	o.complete(given)
	err := o.check(given, f.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
	}
	return o, err
}

// complete fills in what follows from other flags. With a log and without a rate it is the log's,
// which is not read yet.
func (o *options) complete(given map[string]bool) {
	switch {
	case given["rate"]:
	case len(o.logs) > 0:
		o.rate = 0
	case o.serve:
		o.rate = 50
	case o.from != "":
		o.rate = 200
	}
	if o.only != "" && !given["faults"] {
		o.faults = false
	}
}

// check finds what cannot be together. Rest is what is no flag.
func (o *options) check(given map[string]bool, rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is no flag: see --help", rest[0])
	case given["rate"] && o.rate < 1:
		return fmt.Errorf("--rate %d: want 1 or more", o.rate)
	case o.startup < 0:
		return fmt.Errorf("--startup %s: want 0s or more", o.startup)
	case o.propagation < 0:
		return fmt.Errorf("--propagation %s: want 0s or more", o.propagation)
	case !(o.speed >= 1 && o.speed <= 100):
		return fmt.Errorf("--speed %g: want 1, the templates' own times, to 100", o.speed)
	case o.serve && (o.only != "" || o.from != ""):
		return errors.New("--serve moves every path: leave --only and --from out")
	case given["to"] && o.from == "":
		return errors.New("--to wants --from: the cdk.json with the phases of before")
	case o.from != "" && (o.only != "" || given["faults"]):
		return errors.New("--from rehearses one change: leave --only and --faults out")
	case !o.serve && (given["phases"] || given["port"]):
		return errors.New("--phases and --port say how --serve begins: add --serve, or leave them out")
	case given["phases"] && o.phases != shipped:
		return fmt.Errorf("--phases %q: want %s, or leave it out to begin with every service dark", o.phases, shipped)
	case len(o.logs) > 0 && o.har != "":
		return errors.New("--log and --har are both the traffic: leave one out")
	case o.port < 1 || o.port > 65535:
		return fmt.Errorf("--port %d: want 1 to 65535", o.port)
	case o.serve && (o.json != "" || given["faults"]):
		return errors.New("--serve breaks nothing and reports nothing: leave --faults and --json out")
	}
	return nil
}
