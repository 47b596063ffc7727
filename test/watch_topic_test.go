package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
)

// The topic is encrypted, and the environment's address subscribes to it.
func TestTopic(t *testing.T) {
	mailed := assemble(t, environment("alarmEmail", "oncall@example.com"))
	subscription := only(mailed, "Watch", "AWS::SNS::Subscription").Properties
	assert.Equal(t, "oncall@example.com", subscription["Endpoint"])
	assert.Equal(t, "email", subscription["Protocol"])
	assert.True(t, isTopic(mailed, fmt.Sprint(subscription["TopicArn"])), "subscribes to %v", subscription["TopicArn"])

	stage := at(t, allLive)
	key, topic := only(stage, "Watch", "AWS::KMS::Key"), only(stage, "Watch", "AWS::SNS::Topic")
	assert.Equal(t, true, key.Properties["EnableKeyRotation"])
	assert.Contains(t, topic.Properties["KmsMasterKeyId"], strings.TrimSuffix(key.Identity(), "}"))
}

// A budget counts what has the tags of its service, and notifies the topic.
func TestBudgets(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) { s.MonthlyBudget = 75 }))
	limits := map[string]float64{"alpha": 75, "beta": 50, "gamma": 120, "legacy": 50, "omega": 50}
	require.Len(t, stage.Services, len(limits))
	for _, service := range stage.Services {
		name := service.Program()
		budget := only(stage, service.Stack, "AWS::Budgets::Budget")
		p := budget.Properties["Budget"].(map[string]any)
		assert.Equal(t, map[string]any{"Amount": limits[name], "Unit": "USD"}, p["BudgetLimit"], name)
		assert.Equal(t, "MONTHLY", p["TimeUnit"], name)
		assert.Equal(t, "COST", p["BudgetType"], name)
		filter := fmt.Sprint(p["FilterExpression"])
		for _, tag := range services.Tags("fixture", "dev", name) {
			assert.Contains(t, filter, fmt.Sprintf("map[Tags:map[Key:%s Values:[%s]]]", tag.Key, tag.Value), name)
		}
		var kinds []string
		for _, n := range budget.Properties["NotificationsWithSubscribers"].([]any) {
			n := n.(map[string]any)
			notification := n["Notification"].(map[string]any)
			kinds = append(kinds, notification["NotificationType"].(string))
			assert.Equal(t, "GREATER_THAN", notification["ComparisonOperator"], name)
			assert.EqualValues(t, 100, notification["Threshold"], name)
			assert.Equal(t, "PERCENTAGE", notification["ThresholdType"], name)
			address := n["Subscribers"].([]any)[0].(map[string]any)["Address"]
			assert.True(t, isTopic(stage, fmt.Sprint(address)), "the budget of %s notifies %v", name, address)
		}
		assert.ElementsMatch(t, []string{"ACTUAL", "FORECASTED"}, kinds, name)
	}
}

// Each service has saved queries of its own log.
func TestQueries(t *testing.T) {
	stage := at(t, allLive)
	for _, service := range stage.Services {
		logs := only(stage, service.Stack, "AWS::Logs::LogGroup")
		var names []string
		for r := range stage.Resources("AWS::Logs::QueryDefinition") {
			if r.Stack != service.Stack {
				continue
			}
			names = append(names, strings.TrimPrefix(r.Properties["Name"].(string), "fixture-dev-"+service.Stack+"/"))
			assert.Equal(t, []any{logs.Identity()}, r.Properties["LogGroupNames"], "%v", r.Properties["Name"])
		}
		assert.ElementsMatch(t, []string{"errors by minute", "errors by route", "latest errors"}, names, service.Stack)
	}
}
