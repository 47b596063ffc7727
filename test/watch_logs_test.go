package test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// What the network refuses goes on record, and no log is kept for ever.
func TestLogs(t *testing.T) {
	for _, s := range situations {
		if err := checkLogs(at(t, s)); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

func TestLogMutants(t *testing.T) {
	for name, edit := range map[string]func(resources map[string]any){
		"kept for ever":       func(resources map[string]any) { delete(ofType(resources, "AWS::Logs::LogGroup")[0], "RetentionInDays") },
		"no flow log":         func(resources map[string]any) { delete(resources, "VpcRejectedFlowLogEAC6DE8E") },
		"only what passes":    func(resources map[string]any) { ofType(resources, "AWS::EC2::FlowLog")[0]["TrafficType"] = "ACCEPT" },
		"a log of Lambda's":   func(resources map[string]any) { delete(ofType(resources, "AWS::Lambda::Function")[0], "LoggingConfig") },
		"a log of no stack's": func(resources map[string]any) { ofType(resources, "AWS::EC2::FlowLog")[0]["LogGroupName"] = "flows" },
	} {
		if checkLogs(mutated(t, situation{"live", services.Serving}, "Platform", edit)) == nil {
			t.Errorf("%s: nobody notices", name)
		}
	}
}

func checkLogs(stage *assembly.Stage) error {
	var groups []any
	var errs []error
	for r := range stage.Resources("AWS::Logs::LogGroup") {
		groups = append(groups, r.Identity())
		if r.Properties["RetentionInDays"] == nil {
			errs = append(errs, fmt.Errorf("%s: %s is kept for ever", r.Stack, r.LogicalID))
		}
	}
	for r := range stage.Resources("AWS::Lambda::Function") {
		if logging, ok := r.Properties["LoggingConfig"].(map[string]any); !ok || !slices.Contains(groups, logging["LogGroup"]) {
			errs = append(errs, fmt.Errorf("%s: %s logs to a group that Lambda makes", r.Stack, r.LogicalID))
		}
	}
	for vpc := range stage.Resources("AWS::EC2::VPC") {
		var flows []assembly.Resource
		for r := range stage.Resources("AWS::EC2::FlowLog") {
			if r.Properties["ResourceId"] == vpc.Identity() && r.Properties["TrafficType"] == "REJECT" && slices.Contains(groups, r.Properties["LogGroupName"]) {
				flows = append(flows, r)
			}
		}
		if len(flows) != 1 {
			errs = append(errs, fmt.Errorf("%s has %d logs of what it refuses", vpc.LogicalID, len(flows)))
		}
	}
	return errors.Join(errs...)
}
