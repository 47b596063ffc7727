package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Calls without an action of their own get the actions that they need, each once.
func TestPermissionsOfCalls(t *testing.T) {
	for name, test := range map[string]struct{ calls, want []string }{
		"the default":   {nil, []string{"GetItem", "PutItem", "Query"}},
		"a transaction": {[]string{"TransactWriteItems"}, []string{"ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"}},
		"two that share": {
			[]string{"GetItem", "TransactGetItems", "PutItem", "TransactWriteItems"},
			[]string{"GetItem", "PutItem", "ConditionCheckItem", "DeleteItem", "UpdateItem"},
		},
		"PartiQL": {[]string{"ExecuteStatement"}, []string{"PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"}},
	} {
		s := Service{Table: &Table{PartitionKey: "id", Actions: test.calls}}.complete(nil)
		require.NoError(t, s.Table.check(), name)
		assert.Equal(t, test.want, s.Table.Permissions(), name)
	}
}

// The alarm has a metric for each call that can be throttled, as many as it takes.
func TestCallsThatAnAlarmWatches(t *testing.T) {
	ten := []string{"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems",
		"TransactWriteItems", "UpdateItem"}
	table := &Table{PartitionKey: "id", Actions: append([]string{"DescribeTable", "DescribeTimeToLive", "GetItem"}, ten...)}
	require.NoError(t, table.check())
	assert.ElementsMatch(t, ten, table.ThrottledCalls())
	for want, actions := range map[string][]string{
		"the table has 11 actions on items: want 1 to 10": append([]string{"ExecuteStatement"}, ten...),
		"the table has 0 actions on items: want 1 to 10":  {"DescribeTable"},
	} {
		assert.ErrorContains(t, (&Table{PartitionKey: "id", Actions: actions}).check(), want)
	}
}

// What is no call on items is refused, with the call where there is one.
func TestOtherActionsAreRefused(t *testing.T) {
	for action, want := range map[string]string{
		"PartiQLSelect":      "is IAM's: name the API call",
		"ConditionCheckItem": "is IAM's: name the API call",
		"DeleteTable":        "name a DynamoDB API call on items",
		"getItem":            "name a DynamoDB API call on items",
		"GetItems":           "name a DynamoDB API call on items",
		"*":                  "name a DynamoDB API call on items",
		"dynamodb:GetItem":   "name a DynamoDB API call on items",
	} {
		table := &Table{PartitionKey: "id", Actions: []string{"GetItem", action}}
		assert.ErrorContains(t, table.check(), want, action)
	}
}
