// Package shop is a sample of a system that runs already: a monolith for amd64 with a
// PostgreSQL, secrets, sessions, WebSockets, a start of 100 s and a worker, and the first
// service that is taken out of it.
package shop

import (
	"time"

	"example.com/strangler/services"
)

// registry is where the images are, in the account and region of the environments.
const registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/"

// mail is the queue of mail to send, in the account and region of each environment.
const mail = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:shop-mail"

// postgres is the way to the database, whose security group each environment names.
var postgres = services.Egress{To: "database", Port: 5432, Reason: "shop database"}

// Catalog is the shop.
func Catalog() services.Catalog {
	return services.Catalog{
		Name:     "shop",
		Services: []services.Service{accounts()},
		Workers:  []services.Service{mailer()},
		Monolith: monolith(),
	}
}

// accounts takes /login and /users: what is read of it first, and under /v1 of the host
// api with a URL that it does not know.
func accounts() services.Service {
	www := []string{"www.example.com", "example.com"}
	return services.Service{
		Name:     "accounts",
		Image:    services.Image{Registry: registry + "accounts:1.0.0"},
		Priority: 100,
		Port:     3000,
		Routes: []services.Route{
			{Name: "read", Hosts: www, Verbs: []string{"GET", "HEAD"}, Paths: []string{"/users", "/users/*"}},
			{Hosts: www, Paths: []string{"/login", "/users", "/users/*"}},
			{
				Hosts: []string{"api.example.com"}, Paths: []string{"/v1/users", "/v1/users/*"},
				Rewrite: services.Rewrite{Regex: "^/v1/(.*)$", Replace: "/$1"},
			},
		},
		Health:          services.Health{Path: "/up", Codes: "200-204"},
		Sticky:          time.Hour,
		MonolithPercent: 20,
		Environment:     map[string]string{"NODE_ENV": "production", "DATABASE_HOST": "db.shop.internal"},
		Needs: services.Needs{
			Secrets: map[string]services.Secret{
				"DATABASE_PASSWORD": {Secret: "shop/accounts", Key: "password"},
				"SESSION_KEY":       {Parameter: "/shop/session-key"},
			},
			Permissions: []services.Permission{
				{Actions: []string{"sqs:SendMessage"}, Resources: []string{mail}},
			},
			Egress: []services.Egress{postgres},
		},
		// The monolith's own user of the accounts' tables, and its bucket of avatars.
		Takes: services.Needs{
			Secrets: map[string]services.Secret{
				"ACCOUNTS_DATABASE_PASSWORD": {Secret: "shop/monolith-accounts", Key: "password"},
			},
			Permissions: []services.Permission{
				{Actions: []string{"s3:GetObject", "s3:PutObject"}, Resources: []string{"arn:aws:s3:::shop-avatars/*"}},
			},
		},
	}
}

// mailer sends mail, as a process of the monolith's image.
func mailer() services.Service {
	return services.Service{
		Name: "mailer",
		Image: services.Image{
			Registry: registry + "shop:4.2.1", Architecture: services.AMD64, Command: []string{"bundle", "exec", "mailer"},
		},
		Memory: 1024,
		Health: services.Health{Command: []string{"CMD-SHELL", "pgrep -f mailer"}},
		Scaling: services.Scaling{
			Min: 1, Max: 4, Queue: mail, MessagesPerTask: 200,
		},
		User: "1000:1000",
		Needs: services.Needs{
			Secrets: map[string]services.Secret{"DATABASE_PASSWORD": {Secret: "shop/monolith", Key: "password"}},
			Permissions: []services.Permission{{
				Actions:   []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"},
				Resources: []string{mail},
			}},
			Egress: []services.Egress{postgres, {To: services.Internet, Port: 587, Reason: "mail provider"}},
		},
	}
}

// monolith starts in 100 s, writes to its own disk, keeps sessions in a cache, and has
// WebSockets.
func monolith() services.Service {
	return services.Service{
		Name:         "web",
		Image:        services.Image{Registry: registry + "shop:4.2.1", Architecture: services.AMD64},
		CPU:          1024,
		Memory:       4096,
		Port:         3000,
		Health:       services.Health{Path: "/", Codes: "200-399", Interval: 10 * time.Second, Timeout: 5 * time.Second},
		StartUp:      100 * time.Second,
		Stop:         services.Stop{Drain: 2 * time.Minute, Timeout: 90 * time.Second},
		Sticky:       time.Hour,
		User:         "1000:1000",
		WritableRoot: true,
		Alarms:       services.Alarms{P99: 4 * time.Second, WebSockets: true},
		Scaling:      services.Scaling{Min: 4, Max: 12, RequestsPerTarget: 3000},
		Environment:  map[string]string{"RAILS_ENV": "production", "DATABASE_HOST": "db.shop.internal", "CACHE_HOST": "cache.shop.internal"},
		Needs: services.Needs{
			Secrets: map[string]services.Secret{
				"DATABASE_PASSWORD": {Secret: "shop/monolith", Key: "password"},
				"SESSION_KEY":       {Parameter: "/shop/session-key"},
			},
			Permissions: []services.Permission{
				{Actions: []string{"sqs:SendMessage"}, Resources: []string{mail}},
			},
			Egress: []services.Egress{postgres, {To: "cache", Port: 6379, Reason: "sessions"}},
		},
	}
}
