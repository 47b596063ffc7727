// Package services is the model of an app, as plain data: the catalog of services,
// the phase of each one's migration, and the listener rules that follow from both.
package services

import "time"

// Catalog is every program that can serve a path: the services that the monolith
// is split into, and the monolith itself. Functions that take a catalog want one
// that Complete has returned.
type Catalog struct {
	// Name is the app's name: lower-case letters, digits and dashes, at most 20
	// characters, starting with a letter. The names of stages, tags, budgets and
	// target groups begin with it. Another name replaces all resources.
	Name string
	// Services are in the order in which reports list them. Names and priorities are
	// unique.
	Services []Service
	// Workers are programs that no path leads to, such as those that take messages from a
	// queue. They have no target group, no listener rules and no phase: what only programs
	// with paths have they leave empty.
	Workers []Service
	// Monolith serves every path that no service has taken. Its own paths are
	// always "/*" and its priority is always the last: leave both empty. Its image may be
	// empty where each environment has it run outside, behind a listener that is there already.
	Monolith Service
}

// Service is one program that is deployed by itself, and the resources that only it
// has.
type Service struct {
	// Name is lower-case letters, digits and dashes, at most 20 characters,
	// starting with a letter. It names the stack, the X-Route-To value and the
	// key in cdk.json. Another name replaces the service.
	Name string
	// Image is the container image that its tasks run. Required.
	Image Image
	// Paths are the path patterns of a service with one route that takes any host and
	// verb. A complete catalog has them in Routes. Name a collection and the paths below it
	// separately ("/api/orders", "/api/orders/*"): "/api/orders*" would also take
	// "/api/ordersettings".
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
	Paths []string
	// Routes are what the service serves, in the order in which they are evaluated. Exactly
	// one of Paths and Routes is set.
	Routes []Route
	// Priority orders the services' listener rules, 1 to 24999, unique. The lowest
	// number is evaluated first. A service with several rules has this priority and the
	// next ones.
	Priority int
	// CPU in units of 1/1024 vCPU. Zero means 256, and 512 for a service with connections.
	CPU int
	// Memory in MiB, one of the sizes that Fargate pairs with CPU. Zero means 512, and 1024
	// for a service with connections.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
	Memory int
	// Port is the TCP port that the program listens on, 1 to 65535. Zero means 8080.
	Port int
	// Health is how the load balancer finds out whether a task can serve.
	Health Health
	// StartUp is how long a task may take from its start until it passes its health
	// check. Until then it is not stopped for failing one, and no alarm rings. Whole
	// seconds, at most an hour. Zero means a minute.
	StartUp time.Duration
	// Stop is how a task leaves.
	Stop Stop
	// Sticky is how long a browser keeps the task that it was sent to, from its last request
	// on, and the program that serves a shared path. Whole seconds, at most 7 days. Zero means
	// that each request goes where there is most room.
	Sticky time.Duration
	// User is the numeric user and group that the program runs as, in an image that
	// is not built from a Program of this module. Empty means 65532:65532.
	User string
	// WritableRoot makes the root file system of such a program writable. False means
	// read-only.
	WritableRoot bool
	// Calls are the names of the programs that this one calls over HTTP, the monolith
	// included. Its environment has the URL of each, as URLVariable names it; it reaches no
	// other. A service that calls or is called has a proxy in each task. Empty means none.
	Calls []string
	// Environment is added to the variables that the catalog sets. PORT and names that
	// end in _TABLE are refused.
	Environment map[string]string
	// Needs are what the program needs of AWS and of the network besides. Empty means
	// nothing.
	Needs Needs
	// Takes are what the monolith holds for the sake of this service, beside its table: it
	// has them until the service is strangled, and no longer, unless it or another service
	// needs them too. Empty means nothing.
	Takes Needs
	// Collector is the image of an OpenTelemetry collector that runs beside the
	// program, on the same architecture, receives its traces and sends them to X-Ray: the
	// AWS Distro, such as
	// "123456789012.dkr.ecr.eu-west-1.amazonaws.com/aws-otel-collector:v0.49.0". It
	// takes CollectorMemory of the task's memory. Empty means none.
	Collector string
	// Scaling is the number of tasks and what it follows.
	Scaling Scaling
	// MonolithPercent is the share of the monolith's load that the service's paths
	// were, in percent. When the service is strangled, the monolith's bounds shrink by
	// that share. Zero means none, as for a service that the monolith never had. All
	// services together have 100 at most.
	MonolithPercent int
	// Alarms are the errors and the latency at which the topic is notified and a
	// deployment rolled back.
	Alarms Alarms
	// MonthlyBudget in US dollars: the topic is notified when the month's cost of the
	// resources with the service's tag exceeds it or is forecast to. Zero means 50.
	MonthlyBudget int
	// Table is the service's own DynamoDB table. Nil means none.
	Table *Table

	// callers are filled in by Complete.
	callers []string
}

// Image is the source of a container image, of which exactly one of the first three fields
// is set, and how it starts.
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
	// Architecture of the processor that the image is for: ARM64 or AMD64. Empty means ARM64.
	Architecture Architecture
	// EntryPoint and Command replace those of the image. Nil means the image's own.
	EntryPoint, Command []string
	// Run starts the program on this machine, for a rehearsal, such as "node", "server.js": in
	// Folder, or for an image of a registry in the module's root. It listens on PORT. Nil means
	// that a container engine runs the image, if one is there; a Program needs none.
	Run []string
}

// Architecture is a kind of processor, as container images name it.
type Architecture string

// The architectures of Fargate. The second costs a quarter more.
//
// https://aws.amazon.com/fargate/pricing/
const (
	ARM64 Architecture = "arm64"
	AMD64 Architecture = "amd64"
)

// Table is a DynamoDB table whose keys are strings.
type Table struct {
	// PartitionKey is the attribute that identifies an item.
	PartitionKey string
	// SortKey orders the items of one partition. Empty means none.
	SortKey string
	// Indexes are global secondary indexes that project all attributes.
	Indexes []Index
	// Actions are the DynamoDB API calls that the program makes, without the
	// "dynamodb:" prefix, 1 to 10 besides those that describe the table. Empty means
	// GetItem, PutItem and Query.
	Actions []string
}

// Index is a global secondary index with string keys.
type Index struct {
	// Name is unique in its table.
	Name string
	// PartitionKey is the attribute that the index is queried by.
	PartitionKey string
	// SortKey orders the items of one partition. Empty means none.
	SortKey string
}

// TableVariable returns the name of the environment variable that holds the name of
// a service's table: ORDERS_TABLE for orders. A program serves only the features
// whose table it is given.
func TableVariable(service string) string {
	return variable(service) + "_TABLE"
}
