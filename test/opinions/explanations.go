package main

// nagExplanations are for what AwsSolutions finds.
func nagExplanations() []Explanation {
	return []Explanation{
		{"AwsSolutions-EC23", "*/Edge/SecurityGroup/Resource",
			"the front door is for everybody; behind it the groups admit the load balancer alone"},
		{"AwsSolutions-ECS2", "*/*/*/Task/Resource",
			"the variables are names of tables and numbers; ECS.8 of the house rules refuses one that looks like a secret"},
		{"AwsSolutions-ECS4", "*/Platform/Cluster/Resource", enhancedInsights},
		{"AwsSolutions-IAM5[Resource::*]", "*/*/*/*Role/DefaultPolicy/Resource",
			"ecr:GetAuthorizationToken and xray:PutTraceSegments know no resources; HOUSE.IAM.3 refuses a star for any other action"},
		{"AwsSolutions-S1", "*/Edge/AccessLogs/Resource", noLogOfLogs},
	}
}

// guardExplanations are for what Control Tower's proactive controls find.
func guardExplanations() []Explanation {
	return []Explanation{
		{"CT.CLOUDWATCH.PR.2", "*/*/*/Logs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.2", "*/Platform/RejectedLogs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.2", "*/Platform/DefaultSecurityGroupLogs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.2", "forum-dev/Edge/AccessLogsDeletionLogs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.2", "forum-prod/Edge/FirewallLogs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.3", "forum-prod/Edge/FirewallLogs/Resource",
			"CloudWatch encrypts it under a key of its own; it holds the addresses of those who were refused, and no header that lets anyone in"},
		{"CT.CLOUDWATCH.PR.3", "*/*/*/Logs/Resource", cloudWatchsKey},
		{"CT.CLOUDWATCH.PR.3", "*/Platform/RejectedLogs/Resource", cloudWatchsKey},
		{"CT.CLOUDWATCH.PR.3", "*/Platform/DefaultSecurityGroupLogs/Resource", cloudWatchsKey},
		{"CT.CLOUDWATCH.PR.3", "forum-dev/Edge/AccessLogsDeletionLogs/Resource", cloudWatchsKey},
		{"CT.ECS.PR.2", "*/Platform/Cluster/Resource", enhancedInsights},
		{"CT.ELASTICLOADBALANCING.PR.1", "forum-dev/Edge/LoadBalancer/Http/Resource",
			"dev has no domain, so no certificate: anyone on the way can read and change requests; synthesis warns of it"},
		{"CT.ELASTICLOADBALANCING.PR.5", "forum-dev/Edge/LoadBalancer/Resource",
			"what people try out they also take down"},
		{"CT.LAMBDA.PR.3", "*/Platform/Custom::VpcRestrictDefaultSGCustomResourceProvider/Handler", notInTheVPC},
		{"CT.LAMBDA.PR.3", "forum-dev/Edge/Custom::S3AutoDeleteObjectsCustomResourceProvider/Handler", notInTheVPC},
		{"CT.S3.PR.2", "*/Edge/AccessLogs/Resource", noLogOfLogs},
		{"CT.S3.PR.4", "*/Edge/AccessLogs/Resource",
			"nothing acts on a new file of a log: people read them when they look into something"},
		{"CT.S3.PR.9", "*/Edge/AccessLogs/Resource",
			"an address of a person must be deletable before its time; so whoever administers the account can delete the log"},
		{"CT.S3.PR.10", "*/Edge/AccessLogs/Resource",
			"a load balancer writes its log to no bucket with a key of KMS; S3 encrypts it under its own"},
		{"CT.S3.PR.11", "*/Edge/AccessLogs/Resource",
			"a file of the log is written once, under a name of its own; older versions would be addresses kept for longer"},
	}
}

// Reasons that several findings share.
const (
	aMonth         = "what happened is looked into within a month or never; a year of it is a cost and a hoard. An audit that wants one is a change of newLogGroup"
	cloudWatchsKey = "CloudWatch encrypts every log under a key of its own, and a program's log holds nothing of a request or a record. " +
		"A key of ours would cost a dollar a month, and say who read a log: whoever may read these may do worse"
	enhancedInsights = "Container Insights are on, with enhanced observability, which the rule does not know; ECS.12 of the house rules wants them"
	noLogOfLogs      = "this bucket is the log, and its readers are who administers the account. " +
		"A log of it would want a bucket that has none; that somebody read it is not on record"
	notInTheVPC = "the CDK's function calls AWS's interfaces when a stack changes, and the VPC has no way there; " +
		"it holds no data, and nobody can call it but who may change the stack"
)
