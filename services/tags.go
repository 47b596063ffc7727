package services

// Tag is a key and a value.
type Tag struct{ Key, Value string }

// Shared is the service of what all services share.
const Shared = "shared"

// Tags are what every resource of an environment carries, so that its cost can be
// told: the app, the environment, and the service whose it is.
//
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html
func Tags(app, environment, service string) []Tag {
	return []Tag{{"app", app}, {"environment", environment}, {"service", service}}
}
