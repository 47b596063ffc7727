package services

// Tag is a resource tag.
type Tag struct{ Key, Value string }

// Shared is the value of the tag "service" for resources that all services share.
const Shared = "shared"

// Tags returns the cost allocation tags of a resource: the app, the environment, and
// the service that owns it.
//
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html
func Tags(app, environment, service string) []Tag {
	return []Tag{{"app", app}, {"environment", environment}, {"service", service}}
}

// RouteTag is the key of the tag that names the route of a listener rule. The rules of a
// route without a name have none.
const RouteTag = "route"
