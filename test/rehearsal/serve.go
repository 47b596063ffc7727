package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/endpoint"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/rehearsal/page"
)

const (
	// defaultPort is where --serve listens unless --port says otherwise.
	defaultPort = 8080
	// shipped is the file whose phases --phases begins with.
	shipped = "cdk.json"
)

// address is that of a port of this machine, which no other machine reaches.
func address(port int) string { return net.JoinHostPort("localhost", strconv.Itoa(port)) }

// serve deploys the first environment, all dark or as cdk.json has it, keeps requests
// coming in, and lets a person watch and move the paths until the context ends.
func (r *rehearsal) serve(ctx context.Context, o options) error {
	at := address(o.port)
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w: end what listens there, or choose another with --port", at, errors.Unwrap(err))
	}
	defer listener.Close()
	first, err := r.first(o)
	if err != nil {
		return err
	}
	return r.show(ctx, listener, o.rate, first, func(apis string) {
		r.screen.line("the migration is on http://%s/ until Ctrl-C; %s answers there at every other path, such as http://%s%s", at,
			r.catalog.Name, at, r.sample())
		r.screen.line("with the preview header, as from inside, it answers on %s", r.region.InsideURL())
		r.screen.line("as AWS's APIs, with a second for a minute, it answers on %s", apis)
	})
}

// first is the step that the page begins with.
func (r *rehearsal) first(o options) (step, error) {
	if o.phases == shipped {
		return r.asShipped()
	}
	return start(r.catalog), nil
}

// sample is a target that the traffic reads.
func (r *rehearsal) sample() string {
	kind := reading(r.kinds)
	if kind == nil {
		return "/"
	}
	return r.ledger.draw(*kind).target(*kind)
}

// asShipped is the step that the first environment of cdk.json is at.
func (r *rehearsal) asShipped() (step, error) {
	app, err := stacks.Read(r.stages.app.Context, r.stages.app.Catalog)
	if err != nil {
		return step{}, err
	}
	migration := app.Environments[0].Migration
	phases := map[string]string{r.catalog.Monolith.Name: string(migration.Monolith)}
	for _, of := range []map[string]services.Phase{migration.Services, migration.Routes} {
		for key, phase := range of {
			phases[key] = phase.String()
		}
	}
	return step{"as shipped", phases}, nil
}

// show serves the page on a listener and, at every path that the page has not, the
// app. It calls ready once both are there, with the address of AWS's APIs.
func (r *rehearsal) show(ctx context.Context, listener net.Listener, rate int, first step, ready func(apis string)) error {
	s := &show{rehearsal: r, ctx: ctx, recorder: newRecorder(r.region)}
	defer s.end()
	r.region.Watch(s.timeline.task)
	r.screen.progress("the first deployment", noRequests)
	r.account = cloudformation.New(r.region, s.observe)
	if err := s.move("the first deployment, "+first.name, first); err != nil {
		return err
	}
	url, closeApp, err := listen(s.recorder)
	if err != nil {
		return err
	}
	defer closeApp()
	apis, closeAPIs, err := listen(endpoint.Handler(s.answer))
	if err != nil {
		return err
	}
	defer closeAPIs()
	if err := seed(url, r.kinds, r.ledger); err != nil {
		return err
	}
	r.load = load.Start(rate, newStream(url, r.kinds, r.ledger))
	defer r.load.Stop()

	scaling, stop := context.WithCancel(ctx)
	defer stop()
	s.moving.Go(func() {
		r.region.Autoscale(scaling, func(a region.Activity) {
			r.screen.line("%s", a)
			s.timeline.scaling(a)
		})
	})

	mux := http.NewServeMux()
	mux.Handle("/", s.recorder)
	for _, path := range page.Paths() {
		mux.Handle(path, page.Handler(s))
	}
	everything := &http.Server{Handler: mux, ReadHeaderTimeout: load.Timeout}
	failed := make(chan error, 1)
	go func() { failed <- everything.Serve(listener) }()
	defer everything.Close()
	r.screen.progress("serving", r.count)
	ready(apis)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-time.After(time.Minute):
			r.load.Forget() // the page reads the recorder alone
		}
	}
}

// listen serves on a free port of this machine until it is closed.
func listen(handler http.Handler) (url string, end func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: load.Timeout}
	go func() { _ = server.Serve(listener) }() // until Close
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// end waits for the deployment that runs and for scaling, and lets no other begin.
func (s *show) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.moving.Wait()
}

// show is a rehearsal that a person drives. It implements page.Rehearsal.
type show struct {
	*rehearsal
	ctx      context.Context
	recorder *recorder
	meter    meter
	timeline timeline
	updates  updates
	// moving are what changes the region: a deployment, scaling.
	moving sync.WaitGroup

	mu   sync.Mutex
	step step
	// deployed are the templates of the step.
	deployed   *assembly.Stage
	deployment page.Deployment
	ended      bool
}

// Move implements page.Rehearsal.
func (s *show) Move(name, phase string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deployment.Running || s.ended {
		return page.ErrBusy
	}
	next := s.step.with(name, phase)
	if _, err := services.ParseMigration(s.catalog, next.phases); err != nil {
		return err
	}
	move := fmt.Sprintf("%s: %s → %s", name, s.step.phases[name], phase)
	s.deployment = page.Deployment{Running: true, Move: move}
	s.moving.Go(func() {
		err := interruptible(s.ctx, func() error { return s.move(move, next) })
		s.mu.Lock()
		defer s.mu.Unlock()
		s.deployment.Running = false
		if err != nil {
			s.deployment.Error = err.Error()
		}
	})
	return nil
}

// move brings the region to a step, and notes that in the time line.
func (s *show) move(move string, next step) error {
	return s.timeline.deployment(move, func() error { return s.bring(next) })
}

// bring brings the region to a step.
func (s *show) bring(next step) error {
	stage, err := s.stages.make(next)
	if err != nil {
		return err
	}
	changes := s.changes(stage)
	s.mu.Lock()
	s.deployment.Changes = changes
	s.mu.Unlock()
	if err := s.deploy(s.ctx, stage); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step, s.deployed = next, stage
	return nil
}

// maxLog is how many of the last events of a deployment are kept.
const maxLog = 200

// observe adds an event of CloudFormation to the deployment's log.
func (s *show) observe(e cloudformation.Event) {
	s.updates.note(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	line := strings.Join(strings.Fields(fmt.Sprint(e.Stack, " ", e.LogicalID, " ", words(e.Action), " ", words(e.Status))), " ")
	if e.Err != nil {
		line += ": " + e.Err.Error()
	}
	log := append(s.deployment.Log, line)
	s.deployment.Log = log[max(0, len(log)-maxLog):]
}
