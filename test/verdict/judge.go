package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/evidence"
)

// The figures of a verdict.
const (
	figureStep     = "step"
	figureDrift    = "deployed"
	figureWindow   = "window"
	figureErrors   = "errors"
	figureHosts    = "hosts"
	figureThrottle = "throttles"
	figureAlarms   = "alarms"
	figureScaling  = "scaling"
	figureSilence  = "silence"
)

// accused is the evidence that is a no. Three figures have it, so a service that is as good as
// the program beside it gets a no of them at most once in twenty times, however often it is asked.
const accused = 3 / 0.05

// judge answers one step of one environment.
type judge struct {
	clients
	step
	catalog     services.Catalog
	environment stacks.Environment
	// phases are all words of now.
	phases   map[string]string
	stage    *assembly.Stage
	deployed *deployed
	bounds   bounds
	now      time.Time
}

// bounds are what is tolerated.
type bounds struct {
	// errors is how much more of the requests may fail, and slower by how much a percentile may
	// be above that of the program beside it. Both are parts, 0.005 is 0.5 points.
	errors, slower float64
	// since is how long the window is. Zero means that it begins with the phase.
	since time.Duration
	// silence is for how long the monolith has touched nothing.
	silence time.Duration
}

// judge answers the step.
func (j judge) judge(ctx context.Context) (verdict, error) {
	v := verdict{step: j.step, stage: j.environment.StageName(), findings: j.inspect()}
	if v.answer() == no {
		return v, nil
	}
	for _, look := range j.looks() {
		found, err := look(ctx)
		if err != nil {
			return v, err
		}
		v.findings = append(v.findings, found...)
	}
	return v, nil
}

// looks are what the step is judged by.
func (j judge) looks() []func(context.Context) ([]finding, error) {
	if j.key == j.catalog.Monolith.Name {
		return []func(context.Context) ([]finding, error){j.requestsOfMonolith, j.alarms}
	}
	looks := []func(context.Context) ([]finding, error){j.traffic, j.alarms}
	if j.to == services.Strangled.String() {
		looks = append(looks, j.touches)
	}
	return looks
}

// inspect judges whether the templates of now are what is deployed.
func (j judge) inspect() []finding {
	var found []finding
	if j.group(j.service()) == "" {
		found = append(found, finding{figureStep, no, fmt.Sprintf("%q is not deployed: deploy it dark first, and ask again", j.service())})
	}
	for _, line := range j.deployed.drift(j.stage) {
		found = append(found, finding{figureDrift, no, line})
	}
	for _, line := range j.deployed.moving {
		found = append(found, finding{figureDrift, wait, "a deployment is under way: " + line})
	}
	if len(found) == 0 {
		found = []finding{{figureDrift, goAhead, fmt.Sprintf("as the templates say: %d listener rules, %d target groups",
			len(j.stage.ListenerRules), len(j.deployed.groups))}}
	}
	return found
}

// program is the ECS service of a program of the catalog.
func (j judge) program(name string) (assembly.Service, bool) {
	i := slices.IndexFunc(j.stage.Services, func(s assembly.Service) bool { return s.Program() == name && len(s.Attachments) > 0 })
	if i < 0 {
		return assembly.Service{}, false
	}
	return j.stage.Services[i], true
}

// group is the identity of the target group of a program, the ARN of that of a monolith that
// runs outside the environment, or "".
func (j judge) group(name string) string {
	if s, ok := j.program(name); ok {
		return s.Attachments[0].TargetGroup
	}
	if name == j.catalog.Monolith.Name && j.environment.Listener != nil {
		return j.environment.Listener.Monolith
	}
	return ""
}

// rest are the programs that get what the service does not: the monolith, or the services that
// have the paths which its own are below.
func (j judge) rest() []string {
	s, monolith := j.catalog.Find(j.service()), j.catalog.Monolith.Name
	migration, err := services.ParseMigration(j.catalog, j.phases)
	if err != nil || s == nil || s.Name == monolith {
		return []string{monolith} // words of now may not fit a catalog that has grown since
	}
	return services.Rest(j.catalog, migration, *s)
}

// beside is the program of the rest that the service is compared with. It is "" where there are
// several, as no metric is of one route.
func (j judge) beside() string {
	if rest := j.rest(); len(rest) == 1 {
		return rest[0]
	}
	return ""
}

// changed is when the service, or a rule of its, changed last: what was before is evidence of
// another program, or of another share.
func (j judge) changed() time.Time {
	s, _ := j.program(j.service())
	last := j.deployed.resources[s.Identity()].updated
	for _, rule := range j.stage.ListenerRules {
		if at := j.deployed.resources[rule.Identity()].updated; rule.Stack == s.Stack && at.After(last) {
			last = at
		}
	}
	return last
}

// traffic judges the requests to the service beside those to the program that gets the rest.
func (j judge) traffic(ctx context.Context) ([]finding, error) {
	dimensions, ok := j.deployed.dimensions(j.group(j.service()))
	if !ok {
		return []finding{{figureDrift, no, j.service() + " has no target group at a load balancer"}}, nil
	}
	w, why := windowSince(j.changed(), j.now), "since the program and its rules are as they are"
	if j.bounds.since > 0 {
		w, why = window{j.now.Add(-j.bounds.since).Truncate(time.Minute), w.to}, "as --since says"
	}
	if w.isEmpty() {
		return []finding{
			{
				figureWindow,
				wait,
				fmt.Sprintf("the program or its rules changed at %s UTC: %s after that, and the newest %s, are left out: ask again later",
					j.changed().UTC().Format("2006-01-02 15:04"), length(warmUp), length(late)),
			},
		}, nil
	}
	found := []finding{{figureWindow, goAhead, w.String() + ", " + why}}
	hosts, healthy, err := j.hosts(ctx, w, dimensions)
	if err != nil {
		return nil, err
	}
	found = append(found, hosts)
	if j.isDark() {
		return append(found, j.first()), nil
	}
	own, other, err := j.sides(ctx, w, dimensions)
	if err != nil {
		return nil, err
	}
	found = append(found, j.errors(own, other))
	latency, err := j.latency(ctx, w, own, other, dimensions)
	if err != nil {
		return nil, err
	}
	throttles, err := j.throttles(ctx, w, own, other)
	if err != nil {
		return nil, err
	}
	scaling, err := j.scaling(ctx, w, own, healthy)
	return slices.Concat(found, latency, throttles, scaling), err
}

// firstShare is the largest first share, in percent, of a service of which nothing is counted yet.
const firstShare = 10

// first judges the first share of a dark service.
func (j judge) first() finding {
	if rank(j.to) > firstShare {
		return finding{
			figureErrors,
			wait,
			fmt.Sprintf("no client has reached it, so nothing is counted: make it %d%% first, and ask again", firstShare),
		}
	}
	return finding{figureErrors, goAhead, "no client reaches a dark service: go run ./test/parity compares its answers"}
}

// isDark reports whether no client reaches the service, by any of its routes.
func (j judge) isDark() bool { return j.all(func(rank int) bool { return rank == 0 }) }

// isLive reports whether another program serves none of the service's requests any more.
func (j judge) isLive() bool { return j.all(func(rank int) bool { return rank >= 100 }) }

// all reports whether something holds of the words of the service and its routes.
func (j judge) all(holds func(rank int) bool) bool {
	for key, word := range j.phases {
		if (step{key: key}).service() == j.service() && !holds(rank(word)) {
			return false
		}
	}
	return true
}

// length is a whole number of minutes or hours.
func length(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// sides reads the counts of the service and of the program beside it. Once the service is live
// that has none: what it still serves is other paths.
func (j judge) sides(ctx context.Context, w window, dimensions map[string]string) (own, other side, err error) {
	period := w.period(j.now)
	webSockets := false
	for _, name := range []string{j.service(), j.beside()} {
		if s := j.catalog.Find(name); s != nil {
			webSockets = webSockets || s.Alarms.WebSockets
		}
	}
	if own, err = j.readSide(ctx, w, period, dimensions, webSockets); err != nil {
		return own, other, err
	}
	if beside, ok := j.deployed.dimensions(j.group(j.beside())); ok && !j.isLive() {
		other, err = j.readSide(ctx, w, period, beside, webSockets)
	}
	own.name, other.name = j.service(), cmp.Or(j.beside(), j.catalog.Monolith.Name)
	return own, other, err
}

// errors compares the parts of the requests that fail. It is a no when the service fails more
// often beyond doubt, and more than is tolerated is not ruled out; it is go when that is.
// Without a program to compare with, what is tolerated is all that may fail.
func (j judge) errors(own, other side) finding {
	service, beside := own.count(), other.count()
	against := evidence.Against(trials(own, other))
	if beside.Of < perBlock {
		beside = evidence.Count{}
		against = evidence.Against([]evidence.Trial{{Of: int(service.Of), Hits: int(service.Failed), Null: j.bounds.errors}})
	}
	text, most := "", service.Most()
	if beside.Of > 0 {
		text, most = ", "+other.name+" "+countText(beside), service.MostAbove(beside)
	}
	text = fmt.Sprintf("%s %s%s; with 95 %% at most %.2f points more, %.2f are tolerated; evidence that it is worse: %s, %.0f is a no",
		own.name, countText(service), text, 100*most, 100*j.bounds.errors, number(against), accused)
	switch {
	case service.Of > 0 && most <= j.bounds.errors:
		return finding{figureErrors, goAhead, text}
	case against >= accused:
		return finding{figureErrors, no, text}
	}
	missing := "many"
	if n := service.Missing(beside, j.bounds.errors); n >= 0 {
		missing = fmt.Sprint(n)
	}
	return finding{figureErrors, wait, fmt.Sprintf("%s; %s more requests to %s are missing", text, missing, own.name)}
}

func countText(c evidence.Count) string {
	return fmt.Sprintf("%.0f of %.0f (%.2f %%)", c.Failed, c.Of, 100*c.Rate())
}

// number is a number that may be very large.
func number(n float64) string {
	if n >= 1e6 {
		return "a million or more"
	}
	return fmt.Sprintf("%.2g", n)
}

// latency compares the percentiles block by block, because those of a whole window hide a bad
// hour, and are not independent.
func (j judge) latency(ctx context.Context, w window, own, other side, dimensions map[string]string) ([]finding, error) {
	period := w.period(j.now)
	block, ok := own.blockFor(w, period)
	besides, both := other.blockFor(w, period)
	switch {
	case !both && (ok || other.count().Of == 0):
		return []finding{
			{"latency", goAhead, "no one program serves enough of these paths to compare with: the alarm on the latency bounds it"},
		}, nil
	case !ok:
		return []finding{{"latency", wait, fmt.Sprintf("too few requests for a p99: %d in %s are wanted, of each program", perBlock,
			length(blockLengths[len(blockLengths)-1]))}}, nil
	}
	block = max(block, besides)
	beside, _ := j.deployed.dimensions(j.group(j.beside()))
	if err := j.readLatency(ctx, &own, w, block, dimensions); err != nil {
		return nil, err
	}
	if err := j.readLatency(ctx, &other, w, block, beside); err != nil {
		return nil, err
	}
	return []finding{
		j.percentile("p50", other.name, own.p50, other.p50, block),
		j.percentile("p99", other.name, own.p99, other.p99, block),
	}, nil
}

func (j judge) percentile(figure, beside string, own, other series, block time.Duration) finding {
	b := compare(own, other, j.bounds.slower)
	text := fmt.Sprintf("above that of %s by more than %.0f %% and %.0f ms in %d of %d blocks of %s; the medians are %s and %s",
		beside, 100*j.bounds.slower, 1000*perceptible, b.Worse, b.Of, length(block), milliseconds(median(own)), milliseconds(median(other)))
	switch {
	case b.Hold():
		return finding{figure, goAhead, text}
	case b.Against() >= accused:
		return finding{figure, no, text}
	case b.Of == 0:
		return finding{
			figure,
			wait,
			fmt.Sprintf("no block of %s is in the window, or none has the metric TargetResponseTime of both programs", length(block)),
		}
	}
	return finding{figure, wait, fmt.Sprintf("%s; %d more blocks are missing", text, b.Missing())}
}

func median(s series) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	return slices.Sorted(maps.Values(s))[len(s)/2]
}

func milliseconds(seconds float64) string { return fmt.Sprintf("%.0f ms", 1000*seconds) }

// hosts judges the health of the targets, and returns the number of healthy ones. A load
// balancer reports it while requests come only. Each of its nodes has a view: none is healthy
// when no node finds one, one is unhealthy when every node says so.
func (j judge) hosts(ctx context.Context, w window, dimensions map[string]string) (f finding, healthy series, err error) {
	all, err := j.read(ctx, w, w.period(j.now),
		groupMetric(dimensions, "HealthyHostCount", "Maximum"), groupMetric(dimensions, "UnHealthyHostCount", "Minimum"))
	if err != nil {
		return f, nil, err
	}
	healthy = all[0]
	none, unhealthy, last := 0, 0, time.Time{}
	for at, n := range healthy {
		if n < 1 {
			none++
		}
		if all[1][at] > 0 {
			unhealthy++
		}
		if at.After(last) {
			last = at
		}
	}
	text := fmt.Sprintf(
		"of %d periods of %s %d had no healthy task, and %d an unhealthy one",
		len(healthy),
		length(w.period(j.now)),
		none,
		unhealthy,
	)
	switch {
	case len(healthy) == 0:
		return finding{figureHosts, wait, "the metric HealthyHostCount has no data: it comes while the load balancer has requests"}, healthy, nil
	case none > 0 || 20*unhealthy > len(healthy):
		return finding{figureHosts, no, text + "; --since looks at less, where the cause is gone"}, healthy, nil
	case all[1][last] > 0:
		return finding{figureHosts, wait, text + ", one of them the last"}, healthy, nil
	}
	return finding{figureHosts, goAhead, text}, healthy, nil
}

// throttles judges how many calls to the service's table were refused, for each request to those
// who share it: a refused call may be repeated, or fail a request.
func (j judge) throttles(ctx context.Context, w window, own, other side) ([]finding, error) {
	s := j.catalog.Find(j.service())
	table := j.table()
	if s == nil || s.Table == nil || table == "" {
		return nil, nil
	}
	var metrics []metric
	for _, call := range s.Table.ThrottledCalls() {
		metrics = append(metrics, metric{"AWS/DynamoDB", "ThrottledRequests", "Sum", map[string]string{"TableName": table, "Operation": call}})
	}
	all, err := j.read(ctx, w, w.period(j.now), metrics...)
	if err != nil {
		return nil, err
	}
	throttled := 0.0
	for _, of := range all {
		throttled += of.sum()
	}
	requests := own.requests.sum() + other.requests.sum()
	count := evidence.Count{Failed: min(throttled, requests), Of: requests}
	text := fmt.Sprintf("%.0f calls to its table were refused, beside %.0f requests", throttled, requests)
	switch {
	case throttled == 0 || count.Most() <= j.bounds.errors:
		return []finding{{figureThrottle, goAhead, text}}, nil
	case count.Least() > j.bounds.errors:
		return []finding{{figureThrottle, no, text}}, nil
	}
	return []finding{{figureThrottle, wait, text}}, nil
}

// table is the name of the service's table in the account, or "".
func (j judge) table() string {
	for _, t := range j.stage.Tables {
		if strings.HasPrefix(t.LogicalID, (services.Service{Name: j.service()}).ID()+"Table") {
			return j.deployed.id(t.Identity())
		}
	}
	return ""
}

// scaling judges whether the largest number of tasks is enough for the next share. It takes
// each period's load, at the targets of the scaling policies. What a route with a phase of its
// own adds no metric says.
func (j judge) scaling(ctx context.Context, w window, own side, healthy series) ([]finding, error) {
	s, _ := j.program(j.service())
	i := slices.IndexFunc(j.stage.ScalableTargets, func(t assembly.ScalableTarget) bool { return t.Service == s.Identity() })
	switch {
	case i < 0:
		return nil, nil
	case j.key != j.service() || rank(j.from) == 0 || j.hasRoutes():
		return []finding{{figureScaling, goAhead, "not judged: no metric is of one route, so what this one adds is not known"}}, nil
	}
	target := j.stage.ScalableTargets[i]
	grows := float64(min(100, rank(j.to))) / float64(min(100, rank(j.from)))
	wanted := 0.0
	for _, policy := range target.Policies {
		load, err := j.load(ctx, w, policy, s, own, healthy)
		if err != nil {
			return nil, err
		}
		wanted = max(wanted, math.Ceil(load*grows/policy.Target))
	}
	text := fmt.Sprintf("%.0f tasks at most so far; the peak wants %.0f at %s, of %d", healthy.most(), wanted, j.to, target.Max)
	if wanted > float64(target.Max) {
		return []finding{{figureScaling, no, text + ": raise Max in its Scaling first, or look at less with --since"}}, nil
	}
	return []finding{{figureScaling, goAhead, text}}, nil
}

// hasRoutes reports whether routes of the service have phases of their own.
func (j judge) hasRoutes() bool {
	return slices.ContainsFunc(j.catalog.Keys(), func(key string) bool {
		return key != j.service() && (step{key: key}).service() == j.service()
	})
}

// load is the peak of what a policy tracks, of all tasks together: requests a minute, or
// percent of the CPU of a task.
func (j judge) load(
	ctx context.Context,
	w window,
	policy assembly.ScalingPolicy,
	s assembly.Service,
	own side,
	healthy series,
) (float64, error) {
	period := w.period(j.now)
	if policy.TargetGroup != "" {
		return own.requests.most() / period.Minutes(), nil
	}
	// arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE
	name := strings.Split(j.deployed.id(s.Identity()), "/")
	if !strings.HasPrefix(policy.Metric, "ECSServiceAverageCPUUtilization") || len(name) != 3 {
		return 0, nil
	}
	all, err := j.read(ctx, w, period,
		metric{"AWS/ECS", "CPUUtilization", "Average", map[string]string{"ClusterName": name[1], "ServiceName": name[2]}})
	if err != nil {
		return 0, err
	}
	loads := series{}
	for at, percent := range all[0] {
		loads[at] = percent * healthy[at]
	}
	return loads.most(), nil
}

// alarms judges the states of the alarms of the service: one that rings is a no. One of a program
// that gets the rest is a reason to wait, as nothing can be compared with it.
func (j judge) alarms(ctx context.Context) ([]finding, error) {
	states, err := j.states(ctx)
	if err != nil {
		return nil, err
	}
	var found []finding
	quiet := 0
	for _, alarm := range j.stage.Alarms {
		name := j.deployed.id(alarm.Identity())
		state, there := states[name]
		switch {
		case !j.isJudgedBy(alarm):
		case !there:
			found = append(found, finding{figureAlarms, no, fmt.Sprintf("%s of stack %s is not there", alarm.LogicalID, alarm.Stack)})
		case state != types.StateValueAlarm:
			quiet++
		case alarm.Stack != stackOf(j.service()) && j.key != j.catalog.Monolith.Name:
			found = append(found, finding{figureAlarms, wait, name + " rings, of a program beside it"})
		default:
			found = append(found, finding{figureAlarms, no, name + " rings"})
		}
	}
	if len(found) == 0 {
		found = []finding{{figureAlarms, goAhead, fmt.Sprintf("none of %d rings", quiet)}}
	}
	return found, nil
}

// isJudgedBy reports whether an alarm is one of the service, or of a program that gets the rest. The
// monolith's own steps want all of them quiet.
func (j judge) isJudgedBy(alarm assembly.Alarm) bool {
	if j.key == j.catalog.Monolith.Name {
		return true
	}
	return slices.ContainsFunc(append(j.rest(), j.service()), func(name string) bool { return alarm.Stack == stackOf(name) })
}

// stackOf is the stack of a program.
func stackOf(program string) string { return services.Service{Name: program}.ID() }

// most is how many alarms a call names.
const most = 100

// states are the states of the alarms by their names.
func (j judge) states(ctx context.Context) (map[string]types.StateValue, error) {
	var names []string
	for _, alarm := range j.stage.Alarms {
		if name := j.deployed.id(alarm.Identity()); name != "" && j.isJudgedBy(alarm) {
			names = append(names, name)
		}
	}
	states := map[string]types.StateValue{}
	for some := range slices.Chunk(names, most) {
		pages := cloudwatch.NewDescribeAlarmsPaginator(j.metrics, &cloudwatch.DescribeAlarmsInput{AlarmNames: some})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, alarm := range page.MetricAlarms {
				states[*alarm.AlarmName] = alarm.StateValue
			}
		}
	}
	return states, nil
}
