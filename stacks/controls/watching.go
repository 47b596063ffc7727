package controls

func watching() []Control {
	return []Control{
		{"CloudWatch.15", "AWS::CloudWatch::Alarm", "Alarms have an action",
			"set AlarmActions, and leave ActionsEnabled alone",
			properties(func(p any) bool { return len(list(at(p, "AlarmActions"))) > 0 && at(p, "ActionsEnabled") != false })},
		{"CloudWatch.16", "AWS::Logs::LogGroup", "Log groups delete old events",
			"set RetentionInDays",
			properties(func(p any) bool { return positive(at(p, "RetentionInDays")) })},
		{"SNS.1", "AWS::SNS::Topic", "Topics are encrypted under a KMS key",
			"set KmsMasterKeyId",
			properties(func(p any) bool { return at(p, "KmsMasterKeyId") != nil })},
		{"KMS.4", "AWS::KMS::Key", "KMS keys rotate",
			"set EnableKeyRotation",
			property(true, "EnableKeyRotation")},
		{"ECS.12", "AWS::ECS::Cluster", "Clusters have Container Insights",
			"turn Container Insights on",
			properties(func(p any) bool {
				return every(list(at(p, "ClusterSettings")), func(s any) bool {
					return at(s, "Name") == "containerInsights" && (at(s, "Value") == "enhanced" || at(s, "Value") == "enabled")
				})
			})},
	}
}
