package services

import (
	"fmt"
	"slices"
	"strings"
)

// tableCalls are the DynamoDB API calls on the items of a table, and the actions of
// IAM that each needs. PartiQL's have none of their own, and neither have
// transactions.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
var tableCalls = map[string][]string{
	"BatchGetItem":          {"BatchGetItem"},
	"BatchWriteItem":        {"BatchWriteItem"},
	"DeleteItem":            {"DeleteItem"},
	"DescribeTable":         {"DescribeTable"},
	"DescribeTimeToLive":    {"DescribeTimeToLive"},
	"GetItem":               {"GetItem"},
	"PutItem":               {"PutItem"},
	"Query":                 {"Query"},
	"Scan":                  {"Scan"},
	"UpdateItem":            {"UpdateItem"},
	"TransactGetItems":      {"GetItem"},
	"TransactWriteItems":    {"ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"},
	"ExecuteStatement":      partiQL,
	"BatchExecuteStatement": partiQL,
	"ExecuteTransaction":    append([]string{"ConditionCheckItem"}, partiQL...),
}

var partiQL = []string{"PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"}

// maxThrottled is how many metrics the expression of an alarm takes. The alarm Throttles
// has one for each call.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html
const maxThrottled = 10

// ThrottledCalls are the table's API calls that DynamoDB counts when it throttles them,
// each once: all but those that describe the table.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func (t *Table) ThrottledCalls() []string {
	var calls []string
	for _, call := range t.Actions {
		if !strings.HasPrefix(call, "Describe") && !slices.Contains(calls, call) {
			calls = append(calls, call)
		}
	}
	return calls
}

// checkCalls refuses what is no call on the items of a table, and more or fewer calls than
// an alarm can watch.
func (t *Table) checkCalls() error {
	for _, call := range t.Actions {
		if _, ok := tableCalls[call]; ok {
			continue
		}
		for name, actions := range tableCalls {
			if name != call && slices.Contains(actions, call) {
				return fmt.Errorf("table action %q is IAM's: name the API call that needs it, such as %s", call, name)
			}
		}
		return fmt.Errorf("table action %q: name a DynamoDB API call on items, such as GetItem or TransactWriteItems", call)
	}
	if n := len(t.ThrottledCalls()); n < 1 || n > maxThrottled {
		return fmt.Errorf("the table has %d actions on items: want 1 to %d, which is what an alarm can watch", n, maxThrottled)
	}
	return nil
}

// Permissions are the actions of IAM, without the "dynamodb:" prefix, that the calls
// of a complete table need: each once, in the order of the calls.
func (t *Table) Permissions() []string {
	var actions []string
	for _, call := range t.Actions {
		for _, action := range tableCalls[call] {
			if !slices.Contains(actions, action) {
				actions = append(actions, action)
			}
		}
	}
	return actions
}
