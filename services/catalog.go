// Package services says what a service is, as plain data: the catalog of
// services, how far each one's migration is, and the listener rules that follow.
package services

import "strings"

// Catalog is everything that can serve a path: the services that the monolith
// is broken into, and the monolith itself.
type Catalog struct {
	// Name is what the app is called: lower-case letters, digits and dashes, at most
	// 20 characters, starting with a letter. Stages, tags, budgets and target groups
	// begin with it; renaming the app replaces it all.
	Name     string
	Services []Service
	// Monolith serves every path that no service has taken. Its own paths are
	// always "/*" and its priority is always the last: leave both empty.
	Monolith Service
}

// Service is one deployable program and all that is its own.
type Service struct {
	// Name is lower-case letters, digits and dashes, at most 20 characters,
	// starting with a letter. It names the stack, the X-Route-To value and the
	// word in cdk.json; renaming it replaces the service.
	Name string
	// Image is what its tasks run.
	Image Image
	// Paths are the load balancer's path patterns that belong to the service.
	// Name a collection and what is below it separately ("/api/users",
	// "/api/users/*"): "/api/users*" would also take "/api/usersettings".
	Paths []string
	// Priority orders the services' listener rules, 1 to 24999, unique.
	Priority int
	// CPU in units of 1/1024 vCPU. Zero means 256.
	CPU int
	// Memory in MiB, one of the sizes Fargate pairs with CPU. Zero means 512.
	Memory int
	// Port the program listens on. Zero means 8080.
	Port int
	// HealthCheckPath answers 200 while the program lives. Empty means /healthz.
	HealthCheckPath string
	// User is the numeric user and group that the program runs as, in an image that
	// is not built from a Program of this module. Empty means 65532:65532.
	User string
	// WritableRoot lets such a program write to its own file system, which is else
	// read-only.
	WritableRoot bool
	// Environment is added to the variables that the construct sets itself.
	Environment map[string]string
	// Collector is the image of an OpenTelemetry collector that runs beside the
	// program, takes its traces and brings them to X-Ray: the AWS Distro, such as
	// "123456789012.dkr.ecr.eu-west-1.amazonaws.com/aws-otel-collector:v0.49.0". Of
	// the task it takes CollectorMemory. Empty means none.
	Collector string
	// Scaling says how many tasks run.
	Scaling Scaling
	// MonolithPercent is how much of the monolith's load the service's paths were.
	// When it is strangled, the monolith's bounds shrink by so much. Zero means
	// nothing, as for a service that the monolith never had.
	MonolithPercent int
	// Alarms say when a person is told, and a deployment rolled back.
	Alarms Alarms
	// MonthlyBudget in US dollars; a person is told when the month's cost of all
	// that carries the service's tag is above it or will be. Zero means 50.
	MonthlyBudget int
	// Table is the service's own DynamoDB table. Nil means none.
	Table *Table
}

// Image says where a container image comes from. Exactly one field is set.
type Image struct {
	// Program is the folder of a Go main package in this module, such as
	// "services/shop/cmd/orders". Its image holds the binary and nothing else.
	Program string
	// Folder holds a Dockerfile and its build context, relative to the module's root.
	Folder string
	// Registry is an image reference, such as
	// "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1.4". Tasks without a
	// NAT gateway can pull only from ECR in their own account and region.
	Registry string
}

// Table is a DynamoDB table whose keys are all strings.
type Table struct {
	// PartitionKey is the attribute that identifies an item.
	PartitionKey string
	// SortKey orders the items of one partition. Empty means none.
	SortKey string
	// Indexes are global secondary indexes that carry whole items.
	Indexes []Index
	// Actions are the DynamoDB API calls that the program makes, without the
	// "dynamodb:" prefix. Empty means GetItem, PutItem and Query.
	Actions []string
}

// Index is a global secondary index with string keys.
type Index struct {
	Name         string
	PartitionKey string
	SortKey      string
}

// TableVariable is the environment variable that tells a program the name of a
// service's table: USERS_TABLE for users. A program serves only what it is
// given the table of.
func TableVariable(service string) string {
	return strings.ToUpper(strings.ReplaceAll(service, "-", "_")) + "_TABLE"
}
