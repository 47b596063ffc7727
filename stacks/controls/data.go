package controls

const table = "AWS::DynamoDB::GlobalTable"

func data() []Control {
	return []Control{
		{"DynamoDB.2", table, "Tables can be restored to any second",
			"turn point-in-time recovery on",
			replica(func(r any) bool {
				return at(r, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") == true
			})},
		{"DynamoDB.6", table, "Nobody deletes a table by mistake",
			"turn deletion protection on",
			replica(func(r any) bool { return at(r, "DeletionProtectionEnabled") == true })},
		{"HOUSE.DynamoDB.1", table, "Tables outlive their stack",
			"set DeletionPolicy and UpdateReplacePolicy to Retain",
			func(r Resource, _ Template) bool {
				return r.DeletionPolicy == "Retain" && r.UpdateReplacePolicy == "Retain"
			}},
		{"DynamoDB.1", table, "Tables grow with their use",
			"bill them on demand",
			func(r Resource, _ Template) bool { return r.at("BillingMode") == "PAY_PER_REQUEST" }},
		{"CT.DYNAMODB.PR.2", table, "Tables are encrypted under a key of KMS",
			"set SSESpecification",
			func(r Resource, _ Template) bool { return r.at("SSESpecification", "SSEEnabled") == true }},
	}
}

// replica makes a control of a table hold for each of its replicas.
func replica(holds func(any) bool) func(Resource, Template) bool {
	return func(r Resource, _ Template) bool { return every(list(r.at("Replicas")), holds) }
}
