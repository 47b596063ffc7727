package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
	"example.com/strangler/test/internal/assembly"
)

// A task has the time to drain and to shut down before ECS kills it.
func TestStopTimeoutCoversTheDrain(t *testing.T) {
	for _, task := range at(t, situation{"live", services.Serving}).TaskDefinitions {
		needed := server.DefaultDrainDelay + server.ShutdownTimeout + server.FlushTimeout + 5*time.Second
		if stop := task.Containers[0].StopTimeout; stop < needed {
			t.Errorf("%s is killed after %s, it needs %s", task.Containers[0].Name, stop, needed)
		}
	}
}

// Every service deploys without a gap, gives up a bad deployment, and leaves the
// number of tasks to its own scaling.
func TestServicesDeploySafely(t *testing.T) {
	stage := at(t, situation{"live", services.Serving})
	for _, s := range stage.Services {
		if s.MinimumHealthyPercent != 100 || s.MaximumPercent != 200 || !s.CircuitBreaker || !s.Rollback ||
			s.DesiredCount != nil || s.AssignPublicIP || s.Properties["AvailabilityZoneRebalancing"] != "ENABLED" || s.Properties["PropagateTags"] != "SERVICE" {
			t.Errorf("%s: %+v", s.Stack, s)
		}
	}
	for i, g := range stage.TargetGroups {
		service := completed(t).Find(stage.Services[i].Program())
		want := assembly.HealthCheck{Path: service.HealthCheckPath, Port: "traffic-port", Interval: 5 * time.Second, Timeout: 3 * time.Second, Healthy: 2, Unhealthy: 2, Codes: "200"}
		if g.HealthCheck != want || g.DeregistrationDelay != 20*time.Second || g.Attributes["load_balancing.algorithm.type"] != "least_outstanding_requests" {
			t.Errorf("%s: %+v %v", g.Stack, g.HealthCheck, g.Attributes)
		}
	}
}

// Tables outlive mistakes: of an item, of a stack, of a deletion. Nobody reads
// one from a disk, and CloudTrail has who used its key.
func TestTablesAreKept(t *testing.T) {
	if err := checkTables(at(t, situation{"live", services.Serving})); err != nil {
		t.Error(err)
	}
}

func TestTableMutants(t *testing.T) {
	for name, edit := range map[string]func(table, properties map[string]any){
		"goes with its stack":    func(table, _ map[string]any) { table["DeletionPolicy"] = "Delete" },
		"goes when replaced":     func(table, _ map[string]any) { table["UpdateReplacePolicy"] = "Delete" },
		"a key that nobody sees": func(_, properties map[string]any) { delete(properties, "SSESpecification") },
		"can be deleted": func(_, properties map[string]any) {
			properties["Replicas"].([]any)[0].(map[string]any)["DeletionProtectionEnabled"] = false
		},
		"cannot be restored": func(_, properties map[string]any) {
			delete(properties["Replicas"].([]any)[0].(map[string]any), "PointInTimeRecoverySpecification")
		},
	} {
		mutant := mutated(t, situation{"live", services.Serving}, "Data", func(resources map[string]any) {
			table := resources["AlphaTable9725E9C8"].(map[string]any)
			edit(table, table["Properties"].(map[string]any))
		})
		if checkTables(mutant) == nil {
			t.Errorf("%s: nobody notices", name)
		}
	}
}

func checkTables(stage *assembly.Stage) error {
	var errs []error
	for _, table := range stage.Tables {
		p, err := into[struct {
			BillingMode      string
			SSESpecification struct {
				SSEEnabled bool
				SSEType    string
			}
			Replicas []struct {
				DeletionProtectionEnabled        bool
				PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
				SSESpecification                 any
			}
		}](table.Properties)
		if err != nil || len(p.Replicas) != 1 || !p.Replicas[0].DeletionProtectionEnabled || !p.Replicas[0].PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled ||
			table.DeletionPolicy != "Retain" || table.UpdateReplacePolicy != "Retain" || p.BillingMode != "PAY_PER_REQUEST" ||
			!p.SSESpecification.SSEEnabled || p.SSESpecification.SSEType != "KMS" || p.Replicas[0].SSESpecification != nil {
			errs = append(errs, fmt.Errorf("%s: %+v (%v)", table.LogicalID, table.Resource, err))
		}
	}
	return errors.Join(errs...)
}

// Without a NAT gateway tasks reach the registry, the logs and X-Ray, if asked for,
// through endpoints of their own; with one they need only those that cost nothing.
func TestWayOut(t *testing.T) {
	for _, test := range []struct {
		stage     *assembly.Stage
		gateways  int
		endpoints []string
	}{
		{at(t, situation{"live", services.Serving}), 0, []string{"dynamodb", "ecr.api", "ecr.dkr", "logs", "s3"}},
		{atTraced(t), 0, []string{"dynamodb", "ecr.api", "ecr.dkr", "logs", "s3", "xray"}},
		{assemble(t, environment("natGateways", 1)), 1, []string{"dynamodb", "s3"}},
		{assemble(t, environment("natGateways", 1), environment("traces", true), withCollector("alpha")), 1, []string{"dynamodb", "s3"}},
	} {
		var endpoints []string
		for r := range test.stage.Resources("AWS::EC2::VPCEndpoint") {
			_, name, _ := strings.Cut(fmt.Sprint(r.Properties["ServiceName"]), "eu-west-1.")
			endpoints = append(endpoints, name)
		}
		gateways := len(slices.Collect(test.stage.Resources("AWS::EC2::NatGateway")))
		if slices.Sort(endpoints); gateways != test.gateways || !slices.Equal(endpoints, test.endpoints) {
			t.Errorf("%d gateways and endpoints %v, want %d and %v", gateways, endpoints, test.gateways, test.endpoints)
		}
	}
}

// Whoever synthesizes is told that requests travel in the clear.
func TestPlainHTTPIsAWarning(t *testing.T) {
	edge, _ := at(t, situation{"live", services.Serving}).Stack("Edge")
	metadata, err := os.ReadFile(strings.Replace(edge.File, ".template.json", ".metadata.json", 1))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(metadata), `"aws:cdk:warning"`) || !strings.Contains(string(metadata), "HTTP only") {
		t.Errorf("no warning in %s", metadata)
	}
}

// The number of zones is the environment's, and no zone is looked up in an
// account: synthesis needs no credentials.
func TestZones(t *testing.T) {
	stage := assemble(t, environment("azs", 3), environment("account", "123456789012"))
	if subnets := len(slices.Collect(stage.Resources("AWS::EC2::Subnet"))); subnets != 6 {
		t.Errorf("3 zones have %d subnets, want a public one and one for tasks in each", subnets)
	}
	// The CLI asks the account for whatever a manifest calls missing.
	nested := filepath.Dir(stage.Stacks[0].File)
	for _, folder := range []string{nested, filepath.Dir(nested)} {
		manifest, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		var content struct{ Missing []any }
		if err := json.Unmarshal(manifest, &content); err != nil {
			t.Fatal(err)
		}
		if len(content.Missing) > 0 {
			t.Errorf("synthesis wants to look up %v", content.Missing)
		}
	}
}
