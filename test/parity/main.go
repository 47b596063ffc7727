// Command parity replays recorded requests to a service and to the monolith beside it, and says
// where their answers differ:
//
//	go run ./test/parity --url https://www.example.com --service users LOG…
//
// A log is an access log of the load balancer, plain or compressed, a folder of such, or
// s3://BUCKET/PREFIX, which is read with the credentials that the AWS CLI has. Only
// GETs and HEADs are sent, through the preview header, so the caller's address is one of
// previewFrom. Nothing of a request's cookies or credentials is known to a log.
//
// The exit status is 1 when more of the requests differ than --tolerance, or when it cannot
// tell.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/example"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], system{example.Catalog(), example.Traffic()}, source{signedIn}, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	url, service, proof, json string
	external, values, traffic bool
	rate                      float64
	budget                    int
	tolerance                 float64
	ignore                    []string
	logs                      []string
}

// flags are the command line's, which set the options.
func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("parity", flag.ContinueOnError)
	f.StringVar(&o.url, "url", "", "the `address` of the load balancer, such as https://www.example.com")
	f.StringVar(&o.service, "service", "", "the `name` of the service in the catalog")
	f.BoolVar(&o.external, "external", false,
		"the monolith has no preview rule, as it runs outside: ask it without the header, while the service is dark")
	f.BoolVar(&o.traffic, "traffic", false, "send what is safe of the catalog's traffic and names no item, in the place of a log")
	f.StringVar(&o.proof, "proof", "X-Served-By", "the response `header` that tells the two programs apart")
	f.Float64Var(&o.rate, "rate", 5, "`requests` a second, to both sides together")
	f.IntVar(&o.budget, "budget", 600, "`requests` at most, three for each that is compared")
	f.Float64Var(&o.tolerance, "tolerance", 0, "the `percent` of the compared requests that may differ")
	f.Func("ignore", "a `field` of JSON, one place such as $.items[].made, or a header that may differ; may be given again",
		func(name string) error {
			o.ignore = append(o.ignore, name)
			return nil
		})
	f.BoolVar(&o.values, "values", false, "show the values that differ and the queries, which may be personal data")
	f.StringVar(&o.json, "json", "", "write the report to a `file`, for machines")
	return f
}

// parse reads the command line.
func parse(args []string, stderr io.Writer) (o options, err error) {
	f := o.flags()
	f.SetOutput(stderr)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.logs = f.Args()
	return o, o.check()
}

func (o options) check() error {
	at, err := url.Parse(o.url)
	switch {
	case err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https":
		return fmt.Errorf("--url %q: want the load balancer's address, such as https://www.example.com", o.url)
	case !(o.rate >= 0.01 && o.rate <= 100):
		return fmt.Errorf("--rate %g: want 0.01 to 100", o.rate)
	case o.budget < 3:
		return fmt.Errorf("--budget %d: want 3 or more, one comparison", o.budget)
	case !(o.tolerance >= 0 && o.tolerance < 100):
		return fmt.Errorf("--tolerance %g: want 0 or more percent, below 100", o.tolerance)
	case o.proof == "":
		return errors.New("--proof is empty: want a header that tells the two programs apart")
	case o.traffic && len(o.logs) > 0:
		return errors.New("--traffic and logs are both what is sent: leave one out")
	case o.traffic:
	case len(o.logs) == 0:
		return errors.New("no access log is named: want files, folders or s3://BUCKET/PREFIX after the flags")
	}
	return nil
}

// errDiffers is how a run ends that has found more differences than are tolerated.
var errDiffers = errors.New("the answers differ, see above")

// system is a catalog and what its clients send.
type system struct {
	catalog services.Catalog
	traffic traffic.Traffic
}

func run(ctx context.Context, args []string, of system, from source, out, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	catalog, err := of.catalog.Complete()
	if err != nil {
		return err
	}
	service, err := serviceOf(catalog, o.service)
	if err != nil {
		return err
	}
	all := newRecorded()
	if o.traffic {
		err = all.takeTraffic(of.traffic, catalog, service)
	} else {
		err = all.readLogs(ctx, from, o.logs, catalog, service)
	}
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, all); err != nil {
		return err
	}
	if len(all.shapes) == 0 {
		return fmt.Errorf("no request is one of %s: want GETs or HEADs of %s", service.Name, strings.Join(service.Patterns(), ", "))
	}
	sample := all.sample(o.budget / 3)
	if left := len(all.shapes) - len(sample); left > 0 {
		if _, err := fmt.Fprintf(out, "not compared: the %d shapes that come least: raise --budget\n", left); err != nil {
			return err
		}
	}
	began := time.Now()
	r := &report{Service: service.Name, Monolith: catalog.Monolith.Name, showsValues: o.values}
	asked := r.compareAll(ctx, newSides(o, service.Name, catalog.Monolith.Name), sample, o, out)
	r.Seconds = time.Since(began).Seconds()
	if err := errors.Join(r.print(out), r.write(o.json)); err != nil {
		return err
	}
	if asked != nil {
		return asked
	}
	return r.verdict(o.tolerance)
}

// serviceOf is the service of a name.
func serviceOf(catalog services.Catalog, name string) (services.Service, error) {
	i := slices.IndexFunc(catalog.Services, func(s services.Service) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range catalog.Services {
			names = append(names, s.Name)
		}
		return services.Service{}, fmt.Errorf("--service %q: want one of %s", name, strings.Join(names, ", "))
	}
	return catalog.Services[i], nil
}
