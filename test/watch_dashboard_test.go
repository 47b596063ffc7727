package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudwatch"
	"example.com/strangler/test/internal/fixture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every search of the dashboard finds metrics of resources in the templates, and only
// those of its row's service, also where a name begins like another's.
func TestDashboardFindsWhatThereIs(t *testing.T) {
	assert.NoError(t, checkDashboard(at(t, allLive), completed(t)))
	similar := services.Service{
		Name: "alpha-admin", Image: services.Image{Registry: fixture.Registry + "fourth:1.0"},
		Paths: []string{"/admin"}, Priority: 24999, Table: &services.Table{PartitionKey: "id"},
	}
	app := neutral(t, addService(similar, "dark"))
	catalog, err := app.Catalog.Complete()
	require.NoError(t, err)
	assert.NoError(t, checkDashboard(assemble(t, addService(similar, "dark")), catalog))
}

func TestDashboardMutants(t *testing.T) {
	for name, edit := range map[string]*strings.Replacer{
		"a service that does not exist": strings.NewReplacer("fixture-dev-Alpha-AlphaService", "fixture-dev-Alpha-OtherService"),
		"a dimension without metrics":   strings.NewReplacer("ClusterName,ServiceName", "Cluster,ServiceName"),
		"a metric that does not exist":  strings.NewReplacer("RunningTaskCount", "RunningTasks"),
		"another environment's table":   strings.NewReplacer("fixture-dev-Data-AlphaTable", "fixture-prod-Data-AlphaTable"),
		"a target group's old name":     strings.NewReplacer("("+endOf("alpha"), "(abcdefgh"),
		"all services at once":          strings.NewReplacer("fixture-dev-Alpha-AlphaService", "fixture-dev"),
		"connections of a program":      strings.NewReplacer("ServiceName,TargetDiscoveryName", "ServiceName"),
		"connections everywhere":        strings.NewReplacer("fixture-dev-Platform-Cluster", "fixture"),
		"one connection":                strings.NewReplacer("ClusterName=fixture-dev-Platform-Cluster", "TargetDiscoveryName=alpha"),
		"no connections":                strings.NewReplacer("## Connections", "# Connections"),
	} {
		mutant := mutated(t, allLive, "Watch", func(resources map[string]any) {
			p := resources["Dashboard"].(map[string]any)["Properties"].(map[string]any)
			body := p["DashboardBody"].(string)
			p["DashboardBody"] = edit.Replace(body)
			require.NotEqual(t, body, p["DashboardBody"], "%s: the mutant changes nothing", name)
		})
		assert.Error(t, checkDashboard(mutant, completed(t)), "%s: mutant passed the check", name)
	}
}

func endOf(service string) string {
	c, _ := fixture.Catalog().Complete()
	name := services.TargetGroupName("fixture-dev", *c.Find(service))
	return name[strings.LastIndex(name, "-")+1:]
}

// connectionsRow is the title of the row that shows all connections.
const connectionsRow = "Connections"

// checkDashboard wants a body that CloudWatch takes, with a row for each service
// whose searches find that service and the monolith, and one that finds all connections.
func checkDashboard(stage *assembly.Stage, c services.Catalog) error {
	watch, _ := stage.Stack("Watch")
	body, _ := watch.Resource("Dashboard")
	d, err := cloudwatch.ReadDashboard(body.Properties["DashboardBody"].(string))
	if err != nil {
		return err
	}
	var errs []error
	seen := map[string]bool{}
	row := ""
	for _, widget := range d.Widgets {
		if text, ok := strings.CutPrefix(widget.Properties.Markdown, "## "); ok {
			row, _, _ = strings.Cut(text, "\n")
			seen[row] = true
		}
		for _, line := range widget.Properties.Metrics {
			_, searches, err := cloudwatch.Searches(line[0].Expression)
			if err != nil {
				return err
			}
			for _, search := range searches {
				if err := checkSearch(stage, c, row, search); err != nil {
					errs = append(errs, fmt.Errorf("%s of %s: %w", widget.Properties.Title, row, err))
				}
			}
		}
	}
	for _, name := range append(c.Names(), connectionsRow) {
		if !seen[name] && name != c.Monolith.Name {
			errs = append(errs, fmt.Errorf("%s has no row", name))
		}
	}
	return errors.Join(errs...)
}

// checkSearch wants as many programs as the search has terms, and in a service's
// row no other than that service, the monolith, or both and all others.
func checkSearch(stage *assembly.Stage, c services.Catalog, row string, search cloudwatch.Search) error {
	found := map[string]bool{}
	for _, m := range metricsOf(stage, c) {
		if search.Finds(m.namespace, m.name, m.dimensions) {
			found[m.service] = true
		}
	}
	names := slices.Sorted(maps.Keys(found))
	if row == connectionsRow {
		return equal("the connections that it finds", connectionNames(stage, c), names)
	}
	switch {
	case len(names) != len(search.Terms):
		return fmt.Errorf("%v finds %v", search, names)
	case row == "" || len(names) >= len(c.Services) || names[0] == row || names[0] == c.Monolith.Name:
		return nil
	}
	return fmt.Errorf("%v finds %v", search, names)
}

// connectionNames are those of a catalog whose two ends run, sorted.
func connectionNames(stage *assembly.Stage, c services.Catalog) []string {
	var names []string
	for _, connection := range c.Connections() {
		_, calls := stage.Stack(c.Find(connection.Caller).ID())
		if _, called := stage.Stack(c.Find(connection.Callee).ID()); calls && called {
			names = append(names, connection.String())
		}
	}
	slices.Sort(names)
	return names
}

type metric struct {
	service, namespace, name string
	dimensions               map[string]string
}

func metricsOfRequests(service, balancer string, group any) []metric {
	var all []metric
	for _, name := range []string{"RequestCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime"} {
		all = append(all, metric{service, "AWS/ApplicationELB", name, map[string]string{
			"LoadBalancer": balancer, "TargetGroup": fmt.Sprintf("targetgroup/%s/6d0ecf831eec9f09", group),
		}})
	}
	return all
}

func metricOfQueue(service, queue string) metric {
	return metric{service, "AWS/SQS", "ApproximateNumberOfMessagesVisible", map[string]string{"QueueName": queue}}
}

// metricsOf are those that AWS measures of a stage's resources, under names such as
// AWS gives them.
func metricsOf(stage *assembly.Stage, c services.Catalog) []metric {
	var all []metric
	platform, _ := stage.Stack("Platform")
	cluster := platform.Name + "-" + only(stage, "Platform", "AWS::ECS::Cluster").LogicalID + "-Xy12AbCd"
	balancer := "app/fixture-LoadB-1A2B3C4D5E6F/50dc6c495c0c9188"
	all = append(all, metricsOfCalls("another environment", "fixture-dev-2-Platform-ClusterEB0386A7-Xy12AbCd",
		"fixture-dev-2-Gamma-GammaService-Qw34ErTy", "alpha")...)
	for _, s := range c.All() {
		stack, ok := stage.Stack(s.ID())
		if !ok {
			continue
		}
		for group := range stage.Resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
			if group.Stack == s.ID() {
				all = append(all, metricsOfRequests(s.Name, balancer, group.Properties["Name"])...)
			}
		}
		if s.Scaling.Queue != "" {
			all = append(all, metricOfQueue(s.Name, s.Scaling.QueueName()), metricOfQueue("another queue", s.Scaling.QueueName()+"-dead"))
		}
		service := stack.Name + "-" + only(stage, s.ID(), ecsService).LogicalID + "-Qw34ErTy"
		all = append(all, metric{s.Name, "ECS/ContainerInsights", "RunningTaskCount", map[string]string{
			"ClusterName": cluster, "ServiceName": service,
		}})
		for _, callee := range s.Calls {
			all = append(all, metricsOfCalls(services.Connection{Caller: s.Name, Callee: callee}.String(), cluster, service, callee)...)
		}
		for _, table := range stage.Tables {
			if strings.HasPrefix(table.LogicalID, s.ID()+"Table") {
				for _, call := range s.Table.Actions {
					all = append(all, metric{s.Name, "AWS/DynamoDB", "ThrottledRequests", map[string]string{
						"Operation": call, "TableName": stage.Name + "-Data-" + table.LogicalID + "-1A2B3C4D5E6F",
					}})
				}
			}
		}
	}
	return all
}

// metricsOfCalls are those that AWS measures of a connection, from the tasks that call, and
// of what is called, from all of its callers.
func metricsOfCalls(connection, cluster, service, callee string) []metric {
	var all []metric
	for _, name := range []string{
		"HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "TargetResponseTime",
	} {
		all = append(all,
			metric{connection, "AWS/ECS", name, map[string]string{
				"ClusterName": cluster, "ServiceName": service, "TargetDiscoveryName": callee,
			}},
			metric{"all callers of " + callee, "AWS/ECS", name, map[string]string{"TargetDiscoveryName": callee}})
	}
	return all
}

// Watch depends on no other stack, so that its dashboard holds no service in place, and
// is the same in every phase.
func TestWatchDependsOnNoStack(t *testing.T) {
	for _, s := range situations {
		watch, ok := at(t, s).Stack("Watch")
		require.True(t, ok, "%v", s)
		assert.Empty(t, watch.Dependencies, "%v", s)
		assert.NotContains(t, string(watch.Text), "Fn::GetStackOutput", "%v", s)
		assert.NotContains(t, string(watch.Text), "Fn::ImportValue", "%v", s)
		assert.NotContains(t, changed(at(t, situations[0]), at(t, s)), "Watch", "%v", s)
	}
}

// The row of connections is there before the first, and finds each that comes.
func TestDashboardFindsConnectionsThatCome(t *testing.T) {
	call := func(callees ...string) change {
		return editService("gamma", func(s *services.Service) { s.Calls = callees })
	}
	before := assemble(t, call())
	for _, callees := range [][]string{{}, {"alpha"}, {"alpha", "beta"}, {"legacy"}} {
		app := neutral(t, call(callees...))
		catalog, err := app.Catalog.Complete()
		require.NoError(t, err)
		stage := onlyStage(t, synthesized(t, app))
		require.NoError(t, checkDashboard(stage, catalog), "gamma calls %v", callees)
		assert.NotContains(t, changed(before, stage), "Watch", "gamma calls %v", callees)
	}
}

// A dashboard has room for as many services as a load balancer has rules for.
func TestDashboardHasRoom(t *testing.T) {
	raw := services.Catalog{Name: "fixture", Monolith: fixture.Catalog().Monolith}
	for i := range 49 {
		raw.Services = append(raw.Services, services.Service{
			Name: fmt.Sprintf("service-with-name-%d", i), Image: services.Image{Registry: fixture.Registry + "fourth:1.0"},
			Paths: []string{fmt.Sprintf("/%d", i)}, Priority: i + 1, Table: &services.Table{PartitionKey: "id"},
		})
	}
	c, err := raw.Complete()
	require.NoError(t, err)
	require.NoError(t, services.Lint(c, []string{"10.0.0.0/16"}))
	if _, err := cloudwatch.ReadDashboard(services.Dashboard("fixture-staging", "eu-west-1", c, "")); err != nil {
		t.Error(err)
	}
}
