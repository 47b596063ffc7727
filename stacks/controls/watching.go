package controls

func watching() []Control {
	return []Control{
		{"CloudWatch.15", "AWS::CloudWatch::Alarm", "Alarms tell somebody",
			"set AlarmActions, and leave ActionsEnabled alone",
			func(r Resource, _ Template) bool {
				return len(list(r.at("AlarmActions"))) > 0 && r.at("ActionsEnabled") != false
			}},
		{"CloudWatch.16", "AWS::Logs::LogGroup", "No log is kept for ever",
			"set RetentionInDays",
			func(r Resource, _ Template) bool { n, ok := r.at("RetentionInDays").(float64); return ok && n > 0 }},
		{"SNS.1", "AWS::SNS::Topic", "Messages are encrypted under a key of KMS",
			"set KmsMasterKeyId",
			func(r Resource, _ Template) bool { return r.at("KmsMasterKeyId") != nil }},
		{"KMS.4", "AWS::KMS::Key", "Keys rotate",
			"set EnableKeyRotation",
			func(r Resource, _ Template) bool { return r.at("EnableKeyRotation") == true }},
		{"ECS.12", "AWS::ECS::Cluster", "Clusters count and measure their tasks",
			"turn Container Insights on",
			func(r Resource, _ Template) bool {
				return every(list(r.at("ClusterSettings")), func(s any) bool {
					return at(s, "Name") == "containerInsights" && (at(s, "Value") == "enhanced" || at(s, "Value") == "enabled")
				})
			}},
	}
}
