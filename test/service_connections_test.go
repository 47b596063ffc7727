package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/network"
	"example.com/strangler/test/internal/synth"
)

// calls sets what a program calls.
func calls(caller string, callees ...string) change {
	return editService(caller, func(s *services.Service) { s.Calls = callees })
}

// interconnected has connections between services, from the monolith and to it.
func interconnected() []change {
	return []change{calls("gamma", "alpha", "beta"), calls("alpha", "legacy"), calls("legacy", "beta")}
}

// connected is an environment and its catalog.
type connected struct {
	catalog services.Catalog
	stage   *assembly.Stage
}

func connectedBy(t testing.TB, changes ...change) connected {
	t.Helper()
	app := neutral(t, changes...)
	catalog, err := app.Catalog.Complete()
	require.NoError(t, err)
	return connected{catalog, onlyStage(t, synthesized(t, app))}
}

// One program can call another if the catalog says so, and only then: with a name, a
// variable and a way for packets.
func TestDeclaredCallsAreAllThereAre(t *testing.T) {
	for name, changes := range map[string][]change{
		"no connection":         {calls("gamma")},
		"one connection":        nil,
		"several":               interconnected(),
		"to a later one":        {calls("alpha", "beta")},
		"several, in the dark":  append(interconnected(), everyoneAt("dark", services.Serving)),
		"several, by shares":    append(interconnected(), everyoneAt("25%", services.Serving)),
		"several, strangled":    append(interconnected(), everyoneAt("strangled", services.Serving)),
		"several, drained":      append(interconnected(), everyoneAt("live", services.Drained)),
		"none to one that left": {calls("legacy", "alpha"), everyoneAt("strangled", services.Retired)},
		"with a NAT gateway":    append(interconnected(), environment("natGateways", 1)),
	} {
		c := connectedBy(t, changes...)
		assert.NoError(t, errors.Join(checkConnections(c.stage, c.catalog), checkSecurityGroups(c.stage)), name)
	}
}

func TestConnectionMutants(t *testing.T) {
	c := connectedBy(t, interconnected()...)
	connect := func(resources map[string]any) map[string]any {
		return ofType(resources, ecsService)[0]["ServiceConnectConfiguration"].(map[string]any)
	}
	entry := func(resources map[string]any) map[string]any {
		return connect(resources)["Services"].([]any)[0].(map[string]any)
	}
	ruleOf := func(resources map[string]any, kind, description string) map[string]any {
		rules := ofType(resources, kind)
		return rules[slices.IndexFunc(rules, func(r map[string]any) bool { return r["Description"] == description })]
	}
	for name, mutant := range map[string]struct {
		stack string
		edit  func(resources map[string]any)
	}{
		"no way out": {"Gamma", func(r map[string]any) {
			rule := ruleOf(r, "AWS::EC2::SecurityGroupEgress", "gamma calls alpha")
			rule["FromPort"], rule["ToPort"] = 12079, 12079
		}},
		"no way in": {"Gamma", func(r map[string]any) {
			ruleOf(r, "AWS::EC2::SecurityGroupIngress", "gamma calls alpha")["FromPort"] = 12081
		}},
		"a way past the proxy": {"Gamma", func(r map[string]any) {
			ruleOf(r, "AWS::EC2::SecurityGroupIngress", "gamma calls alpha")["FromPort"] = 8080
		}},
		"a way in for another": {"Gamma", func(r map[string]any) {
			rule := ruleOf(r, "AWS::EC2::SecurityGroupIngress", "gamma calls beta")
			r["Mutant"] = map[string]any{"Type": "AWS::EC2::SecurityGroupIngress", "Properties": map[string]any{
				"GroupId":  ruleOf(r, "AWS::EC2::SecurityGroupIngress", "gamma calls alpha")["SourceSecurityGroupId"],
				"FromPort": rule["FromPort"], "ToPort": rule["ToPort"], "IpProtocol": "tcp", "Description": "mutant", "CidrIp": "10.0.0.0/16",
			}}
		}},
		"the monolith's way": {"Beta", func(r map[string]any) {
			ruleOf(r, "AWS::EC2::SecurityGroupEgress", "legacy calls beta")["ToPort"] = 12079
		}},
		"a monolith without group": {"Legacy", func(r map[string]any) { dropGroup(r, 1) }},
		"no proxy at a caller":     {"Gamma", func(r map[string]any) { delete(ofType(r, ecsService)[0], "ServiceConnectConfiguration") }},
		"a proxy that is off":      {"Gamma", func(r map[string]any) { connect(r)["Enabled"] = false }},
		"another namespace":        {"Gamma", func(r map[string]any) { connect(r)["Namespace"] = "elsewhere" }},
		"a proxy without a log":    {"Gamma", func(r map[string]any) { delete(connect(r), "LogConfiguration") }},
		"no name of a callee":      {"Alpha", func(r map[string]any) { delete(connect(r), "Services") }},
		"a name for a mere caller": {"Gamma", func(r map[string]any) {
			connect(r)["Services"] = []any{map[string]any{"PortName": "gamma"}}
		}},
		"another's name": {"Alpha", func(r map[string]any) {
			entry(r)["ClientAliases"].([]any)[0].(map[string]any)["DnsName"] = "beta"
		}},
		"another port of the name":  {"Alpha", func(r map[string]any) { entry(r)["ClientAliases"].([]any)[0].(map[string]any)["Port"] = 8080 }},
		"another discovery name":    {"Alpha", func(r map[string]any) { entry(r)["DiscoveryName"] = "alpha-2" }},
		"the load balancer's port":  {"Alpha", func(r map[string]any) { delete(entry(r), "IngressPortOverride") }},
		"a port that is not mapped": {"Alpha", func(r map[string]any) { entry(r)["PortName"] = "http" }},
		"a mapping without HTTP": {"Alpha", func(r map[string]any) {
			delete(containerOf(r)["PortMappings"].([]any)[0].(map[string]any), "AppProtocol")
		}},
		"a proxy that outlasts the program": {"Alpha", func(r map[string]any) {
			entry(r)["Timeout"].(map[string]any)["IdleTimeoutSeconds"] = 4010
		}},
		"a proxy that gives up too soon": {"Alpha", func(r map[string]any) {
			entry(r)["Timeout"].(map[string]any)["PerRequestTimeoutSeconds"] = 5
		}},
		"a variable of another":          {"Gamma", func(r map[string]any) { setVariable(r, "ALPHA_URL", "LEGACY_URL", "http://legacy") }},
		"another URL":                    {"Gamma", func(r map[string]any) { setVariable(r, "ALPHA_URL", "ALPHA_URL", "http://beta") }},
		"no room for the proxy's memory": {"Alpha", func(r map[string]any) { containerOf(r)["Memory"] = 1024 }},
		"no room for the proxy's CPU":    {"Alpha", func(r map[string]any) { containerOf(r)["Cpu"] = 512 }},
		"a caller that does not wait": {"Gamma", func(r map[string]any) {
			for id, resource := range r {
				if resource.(map[string]any)["Type"] == "AWS::EC2::SecurityGroupEgress" {
					dropDependency(r, ecsService, id)
				}
			}
		}},
	} {
		edited := mutate(t, c.stage, mutant.stack, mutant.edit)
		assert.Error(t, errors.Join(checkConnections(edited, c.catalog), checkSecurityGroups(edited)), "%s: mutant passed the check", name)
	}
}

// dropGroup removes a security group of the tasks.
func dropGroup(resources map[string]any, i int) {
	network := ofType(resources, ecsService)[0]["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)
	network["SecurityGroups"] = slices.Delete(network["SecurityGroups"].([]any), i, i+1)
}

// setVariable renames a variable of the program and sets it.
func setVariable(resources map[string]any, old, name, value string) {
	for _, v := range containerOf(resources)["Environment"].([]any) {
		if variable := v.(map[string]any); variable["Name"] == old {
			variable["Name"], variable["Value"] = name, value
		}
	}
}

// connectConfiguration is what a template says of a service's proxies.
type connectConfiguration struct {
	Enabled          bool
	Namespace        string
	LogConfiguration struct{ LogDriver string }
	Services         []struct {
		PortName, DiscoveryName string
		IngressPortOverride     int
		ClientAliases           []struct {
			DnsName string
			Port    int
		}
		Timeout struct{ IdleTimeoutSeconds, PerRequestTimeoutSeconds float64 }
	}
}

// checkConnections wants the connections of a catalog in a stage, and no other.
func checkConnections(stage *assembly.Stage, catalog services.Catalog) error {
	n, err := network.Of(stage)
	if err != nil {
		return err
	}
	errs := []error{}
	for _, from := range stage.Services {
		service := catalog.Find(from.Program())
		errs = append(errs, checkProxy(stage, from, *service), checkVariables(stage, from, *service), checkRoom(stage, from, *service),
			checkWaits(stage, from, *service))
		for _, to := range stage.Services {
			declared := slices.Contains(service.Calls, to.Program())
			want := ""
			if declared {
				want = fmt.Sprintf("tcp %d", services.ConnectionPort)
			}
			if got := n.Links()[network.Link{From: from.Program(), To: to.Program()}]; got != want {
				errs = append(errs, fmt.Errorf("from %s to %s: %q, want %q", from.Program(), to.Program(), got, want))
			}
		}
	}
	return errors.Join(errs...)
}

// checkProxy wants a proxy in the tasks of connected services, and a name for callees.
func checkProxy(stage *assembly.Stage, from assembly.Service, service services.Service) error {
	configuration := from.Properties["ServiceConnectConfiguration"]
	if !service.Connected() {
		return equal(service.Name+": proxy without connections", nil, configuration)
	}
	connect, err := into[connectConfiguration](configuration)
	namespace := attribute(only(stage, "Platform", "AWS::ServiceDiscovery::HttpNamespace"), "Arn")
	errs := []error{
		err,
		equal(service.Name+": the proxy is on", true, connect.Enabled),
		equal(service.Name+": the namespace", namespace, connect.Namespace),
		equal(service.Name+": the proxy's log", "awslogs", connect.LogConfiguration.LogDriver),
		equal(service.Name+": its names", len(service.Callers()) > 0, len(connect.Services) == 1),
	}
	for _, entry := range connect.Services {
		errs = append(errs,
			equal(service.Name+": the discovery name", service.Name, entry.DiscoveryName),
			equal(service.Name+": the proxy's port", services.ConnectionPort, entry.IngressPortOverride),
			equal(service.Name+": the alias", fmt.Sprintf("[{%s 80}]", service.Name), fmt.Sprint(entry.ClientAliases)),
			ascending(service.Name+": a request through the proxy", server.RequestTimeout, secondsOf(entry.Timeout.PerRequestTimeoutSeconds),
				secondsOf(entry.Timeout.IdleTimeoutSeconds), server.IdleTimeout),
			checkPortName(stage, from, entry.PortName))
	}
	return errors.Join(errs...)
}

func secondsOf(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// attribute is a reference to an attribute of a resource.
func attribute(r assembly.Resource, name string) string {
	return strings.TrimSuffix(r.Identity(), "}") + "." + name + "}"
}

// checkPortName wants the name to be that of the port on which the load balancer finds the
// program too.
func checkPortName(stage *assembly.Stage, from assembly.Service, name string) error {
	type mapping struct {
		Name, AppProtocol string
		ContainerPort     int
	}
	task, _ := assembly.Find(stage.TaskDefinitions, from.TaskDefinition)
	containers, err := into[[]struct {
		Name         string
		PortMappings []mapping
	}](task.Properties["ContainerDefinitions"])
	if err != nil || len(containers) == 0 {
		return errors.Join(err, errors.New("no containers"))
	}
	return equal(from.Stack+": the port of connections", []mapping{{name, "http", from.Attachments[0].Port}}, containers[0].PortMappings)
}

// checkVariables wants a program to know the URLs of those that it calls, and nothing else
// of any other.
func checkVariables(stage *assembly.Stage, from assembly.Service, service services.Service) error {
	want := map[string]string{}
	for _, callee := range service.Calls {
		want[services.URLVariable(callee)] = "http://" + callee
	}
	task, _ := assembly.Find(stage.TaskDefinitions, from.TaskDefinition)
	got := maps.Clone(task.Containers[0].Environment)
	maps.DeleteFunc(got, func(name, _ string) bool { return !strings.HasSuffix(name, "_URL") })
	return equal(service.Name+": its variables", want, got)
}

// checkRoom wants what AWS recommends for a proxy to be left over in the task.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
func checkRoom(stage *assembly.Stage, from assembly.Service, service services.Service) error {
	task, _ := assembly.Find(stage.TaskDefinitions, from.TaskDefinition)
	cpu, memory := task.CPU, task.Memory
	for _, container := range task.Containers {
		cpu -= container.CPU
		memory -= container.Memory
	}
	if service.Connected() && (cpu < 256 || memory < 64) {
		return fmt.Errorf("%s: %d CPU units and %d MiB are left for the proxy, want 256 and 64", service.Name, cpu, memory)
	}
	if !service.Connected() && memory != 0 {
		return fmt.Errorf("%s: %d MiB are left over, and nothing takes them", service.Name, memory)
	}
	return nil
}

// checkWaits wants the stack of a caller to come after the callee's, and the tasks of both
// after the rules that let them connect.
func checkWaits(stage *assembly.Stage, from assembly.Service, service services.Service) error {
	var errs []error
	own, _ := stage.Stack(from.Stack)
	for rule := range stage.Resources("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress") {
		if rule.Stack == from.Stack && !own.DependsOn(from.LogicalID, rule.LogicalID) {
			errs = append(errs, fmt.Errorf("%s: its tasks do not wait for %s", service.Name, rule.LogicalID))
		}
	}
	for _, callee := range stage.Services {
		if !slices.Contains(service.Calls, callee.Program()) || from.Stack == "Legacy" || callee.Stack == "Legacy" {
			continue
		}
		if !slices.Contains(own.Dependencies, callee.Stack) {
			errs = append(errs, fmt.Errorf("the stack of %s does not come after that of %s", service.Name, callee.Program()))
		}
	}
	return errors.Join(errs...)
}

// A connection changes the stacks of its two ends, and no other.
func TestConnectionChangesItsTwoEnds(t *testing.T) {
	before := at(t, allLive)
	for name, test := range map[string]struct {
		change change
		want   []string
	}{
		"one more callee":  {calls("gamma", "alpha", "beta"), []string{"Beta", "Gamma"}},
		"one more caller":  {calls("beta", "alpha"), []string{"Beta"}},
		"from a monolith":  {calls("legacy", "beta"), []string{"Beta", "Legacy"}},
		"to a monolith":    {calls("beta", "legacy"), []string{"Beta", "Legacy"}},
		"no longer a call": {calls("gamma"), []string{"Alpha", "Gamma"}},
	} {
		assert.ElementsMatch(t, test.want, changed(before, assemble(t, test.change)), name)
	}
}

// Whatever the phases of a caller and of a callee, some order of the stacks deploys both.
func TestEveryPairOfPhasesHasAnOrder(t *testing.T) {
	phases := []string{"dark", "25%", "live", "strangled"}
	for _, caller := range phases {
		for _, callee := range phases {
			stage := assemble(t, append(interconnected(), contextKeys("gamma", caller, "alpha", callee))...)
			gamma, _ := stage.Stack("Gamma")
			assert.Contains(t, gamma.Dependencies, "Alpha", "caller %s, callee %s", caller, callee)
			legacy, _ := stage.Stack("Legacy")
			assert.NotContains(t, legacy.Dependencies, "Gamma", "caller %s, callee %s: gamma also calls beta, which is live", caller, callee)
			assert.Equal(t, callee == "strangled", slices.Contains(legacy.Dependencies, "Alpha"), "caller %s, callee %s", caller, callee)
		}
	}
}

// A mistake in the calls is one line, before anything is built.
func TestCallsThatCannotBe(t *testing.T) {
	for name, test := range map[string]struct {
		changes []change
		want    string
	}{
		"a callee that left": {
			[]change{func(app *synth.App) { app.Catalog.Services = app.Catalog.Services[1:] }},
			`services: "gamma" calls "alpha", which is not in the catalog`,
		},
		"a circle": {[]change{calls("alpha", "gamma")}, `services: alpha → gamma → alpha go in a circle`},
		"a retired monolith": {
			[]change{calls("beta", "legacy"), everyoneAt("strangled", services.Retired)},
			`services: "legacy" cannot be retired while "beta" calls it`,
		},
	} {
		_, err := neutral(t, test.changes...).Synthesize(t.TempDir())
		require.ErrorContains(t, err, test.want, name)
		assert.NotContains(t, err.Error(), "\n", name)
	}
}
