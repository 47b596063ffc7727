package test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"example.com/strangler/test/internal/assembly"
	"github.com/stretchr/testify/assert"
)

// Flow logs record what the network refuses, and no log is kept for ever.
func TestLogs(t *testing.T) {
	for _, s := range situations {
		assert.NoError(t, checkLogs(at(t, s)), "%v", s)
	}
}

func TestLogMutants(t *testing.T) {
	for name, edit := range map[string]func(resources map[string]any){
		"kept for ever": func(resources map[string]any) { delete(ofType(resources, "AWS::Logs::LogGroup")[0], "RetentionInDays") },
		"no flow log": func(resources map[string]any) {
			delete(resources, only(at(t, allLive), "Platform", "AWS::EC2::FlowLog").LogicalID)
		},
		"only what passes":        func(resources map[string]any) { ofType(resources, "AWS::EC2::FlowLog")[0]["TrafficType"] = "ACCEPT" },
		"a log that Lambda makes": func(resources map[string]any) { delete(ofType(resources, "AWS::Lambda::Function")[0], "LoggingConfig") },
		"a log of no stack":       func(resources map[string]any) { ofType(resources, "AWS::EC2::FlowLog")[0]["LogGroupName"] = "flows" },
	} {
		assert.Error(t, checkLogs(mutated(t, allLive, "Platform", edit)), "%s: mutant passed the check", name)
	}
	stays := mutated(t, allLive, "Alpha", func(resources map[string]any) {
		resources[only(at(t, allLive), "Alpha", "AWS::Logs::LogGroup").LogicalID].(map[string]any)["DeletionPolicy"] = "Retain"
	})
	assert.Error(t, checkLogs(stays), "a log that stays without its service: mutant passed the check")
	waits := mutated(t, allLive, "Alpha", func(resources map[string]any) {
		containerOf(resources)["LogConfiguration"].(map[string]any)["Options"].(map[string]any)["mode"] = "blocking"
	})
	assert.Error(t, checkLogs(waits), "a program that waits for its log: mutant passed the check")
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
	for _, service := range stage.Services {
		logs := only(stage, service.Stack, "AWS::Logs::LogGroup")
		errs = append(errs, equal(service.Stack+": a log goes with its service", "Delete", logs.DeletionPolicy))
	}
	for _, task := range stage.TaskDefinitions {
		for _, container := range task.Containers {
			errs = append(errs, equal(container.Name+": a program whose log is full goes on", "non-blocking", container.LogOptions["mode"]))
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
			p := r.Properties
			if p["ResourceId"] == vpc.Identity() && p["TrafficType"] == "REJECT" && slices.Contains(groups, p["LogGroupName"]) {
				flows = append(flows, r)
			}
		}
		if len(flows) != 1 {
			errs = append(errs, fmt.Errorf("%s has %d flow logs of what it refuses, want 1", vpc.LogicalID, len(flows)))
		}
	}
	return errors.Join(errs...)
}
