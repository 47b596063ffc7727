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
)

// Every search of the dashboard finds what is in the templates, of the service that
// its row is of and of nobody else, also with names that begin like another's.
func TestDashboardFindsWhatThereIs(t *testing.T) {
	if err := checkDashboard(at(t, situation{"live", services.Serving}), completed(t)); err != nil {
		t.Error(err)
	}
	similar := services.Service{
		Name: "alpha-admin", Image: services.Image{Program: "services/fixture/cmd/alpha"},
		Paths: []string{"/admin"}, Priority: 24999, Table: &services.Table{PartitionKey: "id"},
	}
	app := neutral(t, addService(similar, "dark"))
	catalog, err := app.Catalog.Complete()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkDashboard(assemble(t, addService(similar, "dark")), catalog); err != nil {
		t.Error(err)
	}
}

func TestDashboardMutants(t *testing.T) {
	live := situation{"live", services.Serving}
	for name, edit := range map[string]*strings.Replacer{
		"a service that there is not":   strings.NewReplacer("fixture-dev-Alpha-AlphaService", "fixture-dev-Alpha-UserService"),
		"a dimension that there is not": strings.NewReplacer("ClusterName,ServiceName", "Cluster,ServiceName"),
		"a metric that there is not":    strings.NewReplacer("RunningTaskCount", "RunningTasks"),
		"another environment's table":   strings.NewReplacer("fixture-dev-Data-AlphaTable", "fixture-prod-Data-AlphaTable"),
		"a target group's old name":     strings.NewReplacer("("+endOf("alpha"), "(abcdefgh"),
		"all services at once":          strings.NewReplacer("fixture-dev-Alpha-AlphaService", "fixture-dev"),
	} {
		mutant := mutated(t, live, "Watch", func(resources map[string]any) {
			p := resources["Dashboard"].(map[string]any)["Properties"].(map[string]any)
			body := p["DashboardBody"].(string)
			if p["DashboardBody"] = edit.Replace(body); p["DashboardBody"] == body {
				t.Fatalf("%s: there is nothing to break", name)
			}
		})
		if checkDashboard(mutant, completed(t)) == nil {
			t.Errorf("%s: nobody notices", name)
		}
	}
}

func endOf(service string) string {
	c, _ := fixture.Catalog().Complete()
	name := services.TargetGroupName("fixture-dev", *c.Find(service))
	return name[strings.LastIndex(name, "-")+1:]
}

// checkDashboard wants a body that CloudWatch takes, with a row for each service
// whose searches find that service and the monolith.
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
	for _, s := range c.Services {
		if !seen[s.Name] {
			errs = append(errs, fmt.Errorf("%s has no row", s.Name))
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
	switch {
	case len(names) != len(search.Terms):
		return fmt.Errorf("%v finds %v", search, names)
	case row == "" || len(names) >= len(c.Services) || names[0] == row || names[0] == c.Monolith.Name:
		return nil
	}
	return fmt.Errorf("%v finds %v", search, names)
}

type metric struct {
	service, namespace, name string
	dimensions               map[string]string
}

// metricsOf are those that AWS measures of a stage's resources, under names such as
// AWS gives them.
func metricsOf(stage *assembly.Stage, c services.Catalog) []metric {
	var all []metric
	balancer := "app/fixture-LoadB-1A2B3C4D5E6F/50dc6c495c0c9188"
	for _, s := range c.All() {
		stack, ok := stage.Stack(s.ID())
		if !ok {
			continue
		}
		group := only(stage, s.ID(), "AWS::ElasticLoadBalancingV2::TargetGroup").Properties["Name"]
		for _, name := range []string{"RequestCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime"} {
			all = append(all, metric{s.Name, "AWS/ApplicationELB", name, map[string]string{
				"LoadBalancer": balancer, "TargetGroup": fmt.Sprintf("targetgroup/%s/6d0ecf831eec9f09", group),
			}})
		}
		all = append(all, metric{s.Name, "ECS/ContainerInsights", "RunningTaskCount", map[string]string{
			"ClusterName": "fixture-dev-Platform-ClusterEB0386A7-Xy12AbCd",
			"ServiceName": stack.Name + "-" + only(stage, s.ID(), ecsService).LogicalID + "-Qw34ErTy",
		}})
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

// The dashboard is the same at every phase, and Watch waits for no other stack.
func TestWatchHoldsNobody(t *testing.T) {
	for _, s := range situations {
		watch, _ := at(t, s).Stack("Watch")
		if len(watch.Dependencies) > 0 || strings.Contains(string(watch.Text), "Fn::GetStackOutput") || strings.Contains(string(watch.Text), "Fn::ImportValue") {
			t.Errorf("%v: Watch depends on %v", s, watch.Dependencies)
		}
	}
	if got := changed(at(t, situations[0]), at(t, situations[len(situations)-1])); slices.Contains(got, "Watch") {
		t.Error("the dashboard changes with the phases")
	}
}

// A dashboard has room for as many services as a load balancer has rules for.
func TestDashboardHasRoom(t *testing.T) {
	raw := services.Catalog{Name: "fixture", Monolith: fixture.Catalog().Monolith}
	for i := range 49 {
		raw.Services = append(raw.Services, services.Service{
			Name: fmt.Sprintf("service-with-name-%d", i), Image: services.Image{Program: "services/fixture/cmd/alpha"},
			Paths: []string{fmt.Sprintf("/%d", i)}, Priority: i + 1, Table: &services.Table{PartitionKey: "id"},
		})
	}
	c, err := raw.Complete()
	if err != nil {
		t.Fatal(err)
	}
	if err := services.Lint(c, []string{"10.0.0.0/16"}); err != nil {
		t.Fatal(err)
	}
	if _, err := cloudwatch.ReadDashboard(services.Dashboard("fixture-staging", "eu-west-1", c)); err != nil {
		t.Error(err)
	}
}

// Whoever is to be told is; nobody else may publish, and nobody can listen in.
func TestTopic(t *testing.T) {
	told := assemble(t, environment("alarmEmail", "oncall@example.com"))
	subscription := only(told, "Watch", "AWS::SNS::Subscription")
	if subscription.Properties["Endpoint"] != "oncall@example.com" || subscription.Properties["Protocol"] != "email" || !isTopic(told, fmt.Sprint(subscription.Properties["TopicArn"])) {
		t.Errorf("the subscription is %v", subscription.Properties)
	}
	stage := at(t, situation{"live", services.Serving})
	key, topic := only(stage, "Watch", "AWS::KMS::Key"), only(stage, "Watch", "AWS::SNS::Topic")
	if key.Properties["EnableKeyRotation"] != true || !strings.HasPrefix(fmt.Sprint(topic.Properties["KmsMasterKeyId"]), strings.TrimSuffix(key.Identity(), "}")) {
		t.Errorf("the topic is encrypted under %v, the key %v rotates: %v", topic.Properties["KmsMasterKeyId"], key.Identity(), key.Properties["EnableKeyRotation"])
	}
	for _, policy := range []any{key.Properties["KeyPolicy"], only(stage, "Watch", "AWS::SNS::TopicPolicy").Properties["PolicyDocument"]} {
		var tellers []string
		for _, s := range policy.(map[string]any)["Statement"].([]any) {
			s := s.(map[string]any)
			if principal, ok := s["Principal"].(map[string]any); ok && s["Effect"] == "Allow" && principal["Service"] != nil {
				tellers = append(tellers, fmt.Sprintf("%v if %v", principal["Service"], s["Condition"]))
			}
		}
		want := "[budgets.amazonaws.com cloudwatch.amazonaws.com] if map[StringEquals:map[aws:SourceAccount:${AWS::AccountId}]]"
		if !slices.Equal(tellers, []string{want}) {
			t.Errorf("%v may tell", tellers)
		}
	}
}

// A budget counts what carries the tags of its service, and tells the topic.
func TestBudgets(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) { s.MonthlyBudget = 75 }))
	for _, service := range stage.Services {
		name := service.Program()
		budget := only(stage, service.Stack, "AWS::Budgets::Budget")
		p := budget.Properties["Budget"].(map[string]any)
		want := map[string]any{"Amount": map[bool]float64{true: 75, false: 50}[name == "alpha"], "Unit": "USD"}
		filter := fmt.Sprint(p["FilterExpression"])
		for _, tag := range services.Tags("fixture", "dev", name) {
			if !strings.Contains(filter, fmt.Sprintf("map[Tags:map[Key:%s Values:[%s]]]", tag.Key, tag.Value)) {
				t.Errorf("the budget of %s counts %s", name, filter)
			}
		}
		if !maps.Equal(p["BudgetLimit"].(map[string]any), want) {
			t.Errorf("the budget of %s is %v, want %v", name, p["BudgetLimit"], want)
		}
		var kinds []string
		for _, n := range budget.Properties["NotificationsWithSubscribers"].([]any) {
			n := n.(map[string]any)
			kinds = append(kinds, n["Notification"].(map[string]any)["NotificationType"].(string))
			if address := n["Subscribers"].([]any)[0].(map[string]any)["Address"]; !isTopic(stage, fmt.Sprint(address)) {
				t.Errorf("the budget of %s tells %v", name, address)
			}
		}
		if !sameElements(kinds, []string{"ACTUAL", "FORECASTED"}) {
			t.Errorf("the budget of %s tells of %v", name, kinds)
		}
	}
}

// Each service's log comes with what one asks of it first.
func TestQueries(t *testing.T) {
	stage := at(t, situation{"live", services.Serving})
	for _, service := range stage.Services {
		logs := only(stage, service.Stack, "AWS::Logs::LogGroup")
		var names []string
		for r := range stage.Resources("AWS::Logs::QueryDefinition") {
			if r.Stack != service.Stack {
				continue
			}
			names = append(names, strings.TrimPrefix(r.Properties["Name"].(string), "fixture-dev-"+service.Stack+"/"))
			if groups := r.Properties["LogGroupNames"].([]any); len(groups) != 1 || groups[0] != logs.Identity() {
				t.Errorf("%v looks into %v", r.Properties["Name"], groups)
			}
		}
		if !sameElements(names, []string{"errors by minute", "errors by route", "latest errors"}) {
			t.Errorf("%s has the queries %v", service.Stack, names)
		}
	}
}
