package main

import "example.com/strangler/stacks/controls"

// nagExplanations are for the findings of cdk-nag's AwsSolutions.
func nagExplanations() []Explanation {
	return []Explanation{
		{"AwsSolutions-EC23", nil, "Edge/SecurityGroup/Resource",
			"the load balancer is public; the security groups behind it admit only the load balancer"},
		{"AwsSolutions-ECS2", nil, "*/*/Task/Resource",
			"the variables hold no secret: ECS.8 of the house rules refuses one that looks like it"},
		{"AwsSolutions-ECS4", nil, "Platform/Cluster/Resource", enhancedInsights},
		{"AwsSolutions-IAM5[Resource::*]", nil, "*/*/*Role/*/Resource",
			"actions such as ecr:GetAuthorizationToken have no resource type; HOUSE.IAM.3 refuses a star for any other"},
		{"AwsSolutions-S1", nil, "Edge/AccessLogs/Resource", noLogOfLogs},
	}
}

// guardExplanations are for the findings of Control Tower's proactive controls.
func guardExplanations() []Explanation {
	return []Explanation{
		{"CT.CLOUDWATCH.PR.2", nil, "*/*/Logs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.2", nil, "Platform/RejectedLogs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.2", nil, "Platform/DefaultSecurityGroupLogs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.2", chosen(controls.NotProtected), "Edge/AccessLogsDeletionLogs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.2", not(chosen(controls.NoFirewall)), "Edge/FirewallLogs/Resource", aMonth},
		{"CT.CLOUDWATCH.PR.3", not(chosen(controls.NoFirewall)), "Edge/FirewallLogs/Resource",
			"CloudWatch encrypts it under a key of its own; it holds the addresses of refused clients, and no header with a credential"},
		{"CT.CLOUDWATCH.PR.3", nil, "*/*/Logs/Resource", cloudWatchsKey},
		{"CT.CLOUDWATCH.PR.3", nil, "Platform/RejectedLogs/Resource", cloudWatchsKey},
		{"CT.CLOUDWATCH.PR.3", nil, "Platform/DefaultSecurityGroupLogs/Resource", cloudWatchsKey},
		{"CT.CLOUDWATCH.PR.3", chosen(controls.NotProtected), "Edge/AccessLogsDeletionLogs/Resource", cloudWatchsKey},
		{"CT.ECS.PR.2", nil, "Platform/Cluster/Resource", enhancedInsights},
		{"CT.ELASTICLOADBALANCING.PR.1", chosen(controls.NoDomain), "Edge/LoadBalancer/Http/Resource",
			"the environment has no domain, so no certificate: requests can be read and changed on their way; synthesis warns of it"},
		{"CT.ELASTICLOADBALANCING.PR.5", chosen(controls.NotProtected), "Edge/LoadBalancer/Resource",
			"an environment that is not protected is one to delete"},
		{"CT.LAMBDA.PR.3", nil, "Platform/Custom::VpcRestrictDefaultSGCustomResourceProvider/Handler", notInTheVPC},
		{"CT.LAMBDA.PR.3", chosen(controls.NotProtected), "Edge/Custom::S3AutoDeleteObjectsCustomResourceProvider/Handler", notInTheVPC},
		{"CT.S3.PR.2", nil, "Edge/AccessLogs/Resource", noLogOfLogs},
		{"CT.S3.PR.4", nil, "Edge/AccessLogs/Resource",
			"no program acts on a new file of the log: a person reads it after an incident"},
		{"CT.S3.PR.9", nil, "Edge/AccessLogs/Resource",
			"a client's address must be deletable before it expires, so an administrator of the account can delete the log"},
		{"CT.S3.PR.10", nil, "Edge/AccessLogs/Resource",
			"a load balancer cannot write its log to a bucket with a KMS key; S3 encrypts it under its own key"},
		{"CT.S3.PR.11", nil, "Edge/AccessLogs/Resource",
			"each file of the log is written once, under a name of its own; versions would keep addresses for longer"},
	}
}

// Reasons that several findings share.
const (
	aMonth         = "logs are kept for a month: a year would cost more and keep more. For an audit that wants a year, change newLogGroup"
	cloudWatchsKey = "CloudWatch encrypts every log under a key of its own, and a program's log holds nothing of a request or a record. " +
		"A KMS key would cost a dollar a month and record who read a log, but the readers of these logs have wider rights than that"
	enhancedInsights = "Container Insights are on, with enhanced observability, a value that the rule does not know; " +
		"ECS.12 of the house rules requires them"
	noLogOfLogs = "this bucket holds the log, and its readers are the account's administrators. " +
		"Logging access to it would need a second bucket without a log. Reads of the log are not recorded"
	notInTheVPC = "the CDK's function calls AWS APIs when a stack changes, and the VPC has no route to them; " +
		"it holds no data, and only a principal that may change the stack can call it"
)
