package dynamotest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// validateQuery returns the message of DynamoDB's ValidationException for a Query that
// minidyn would answer and DynamoDB refuses: one on an index that the table does not
// declare, or without equality on the partition key of the table or index.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
func validateQuery(s Schema, body []byte) (refusal string) {
	var query struct {
		IndexName, KeyConditionExpression string
		ExpressionAttributeNames          map[string]string
	}
	if err := json.Unmarshal(body, &query); err != nil {
		return "" // minidyn reports it
	}
	key := s.Key
	if query.IndexName != "" {
		var declared bool
		if key, declared = s.Indexes[query.IndexName]; !declared {
			return "The table does not have the specified index: " + query.IndexName
		}
	}
	if query.KeyConditionExpression == "" {
		return "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
	}
	conditions, ok := keyConditions(query.KeyConditionExpression, query.ExpressionAttributeNames)
	if !ok {
		return "Invalid operator used in KeyConditionExpression"
	}
	return validateKeyConditions(key, conditions)
}

// keyCondition compares an attribute. Its operator is in upper case.
type keyCondition struct{ attribute, operator string }

func validateKeyConditions(key Key, conditions []keyCondition) (refusal string) {
	operators := map[string]string{}
	for _, c := range conditions {
		if operators[c.attribute] != "" {
			return "KeyConditionExpressions must only contain one condition per key"
		}
		operators[c.attribute] = c.operator
	}
	_, sorted := operators[key.Sort]
	switch {
	case operators[key.Partition] == "":
		return "Query condition missed key schema element: " + key.Partition
	case operators[key.Partition] != "=" || len(conditions) > 1 && key.Sort == "":
		return "Query key condition not supported"
	case len(conditions) > 1 && !sorted:
		return "Query condition missed key schema element: " + key.Sort
	case sorted && !slices.Contains(sortOperators, operators[key.Sort]):
		return "Invalid operator used in KeyConditionExpression: " + operators[key.Sort]
	case len(conditions) > 2:
		return "Conditions can be of length 1 or 2 only"
	}
	return ""
}

var sortOperators = []string{"=", "<", "<=", ">", ">=", "BETWEEN", "BEGINS_WITH"}

var token = regexp.MustCompile(`[#:]?[\w.\-]+|<>|[<>]=?|=`)

// keyConditions reads an expression: one or more conditions that AND connects, of the form
// "attribute operator value", "attribute BETWEEN value AND value" or
// "begins_with(attribute, value)". It is not ok for any other form, such as one with OR.
func keyConditions(expression string, names map[string]string) (conditions []keyCondition, ok bool) {
	tokens := token.FindAllString(expression, -1)
	for len(tokens) >= 3 {
		attribute, operator, length := tokens[0], strings.ToUpper(tokens[1]), 3
		switch {
		case strings.EqualFold(attribute, "begins_with"):
			attribute, operator = tokens[1], "BEGINS_WITH"
		case operator == "BETWEEN":
			length = 5
		}
		if name, known := names[attribute]; known {
			attribute = name
		}
		conditions = append(conditions, keyCondition{attribute, operator})
		if len(tokens) == length {
			return conditions, true
		}
		if len(tokens) < length || !strings.EqualFold(tokens[length], "AND") {
			return nil, false
		}
		tokens = tokens[length+1:]
	}
	return nil, false
}

// refuse writes a ValidationException.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func refuse(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazon.coral.validate#ValidationException", "message": message})
}
