package controls

import "example.com/strangler/stacks/template"

const table = "AWS::DynamoDB::GlobalTable"

func data() []Control {
	return []Control{
		{"DynamoDB.2", table, "Tables have point-in-time recovery",
			"turn point-in-time recovery on",
			replica(func(r any) bool {
				return at(r, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") == true
			})},
		{"DynamoDB.6", table, "Tables are protected from deletion",
			"turn deletion protection on",
			replica(func(r any) bool { return at(r, "DeletionProtectionEnabled") == true })},
		{"HOUSE.DynamoDB.1", table, "Tables outlive their stack",
			"set DeletionPolicy and UpdateReplacePolicy to Retain",
			func(r template.Resource, _ template.Template) bool {
				return r.DeletionPolicy == "Retain" && r.UpdateReplacePolicy == "Retain"
			}},
		{"DynamoDB.1", table, "Tables have on-demand capacity",
			"bill them on demand",
			property("PAY_PER_REQUEST", "BillingMode")},
		{"CT.DYNAMODB.PR.2", table, "Tables are encrypted under a KMS key",
			"set SSESpecification",
			property(true, "SSESpecification", "SSEEnabled")},
	}
}

// replica makes a control of a table hold for each of its replicas.
func replica(holds func(any) bool) check {
	return func(r template.Resource, _ template.Template) bool {
		return every(list(r.Properties["Replicas"]), holds)
	}
}
