// Package forum is the example that ships: a forum of users, threads and posts, and
// the monolith that used to serve all three. Replace this folder with your own
// services.
package forum

import "example.com/strangler/services"

// Catalog returns the forum's catalog, without its defaults. Each call returns a new
// one.
func Catalog() services.Catalog {
	return services.Catalog{
		Name: "forum",
		Services: []services.Service{
			{
				Name:            "users",
				Image:           services.Image{Program: "services/forum/cmd/users"},
				Paths:           []string{"/api/users", "/api/users/*"},
				Priority:        100,
				MonolithPercent: 20,
				Table: &services.Table{
					PartitionKey: "id",
					Indexes:      []services.Index{{Name: "all", PartitionKey: "kind", SortKey: "id"}},
				},
			},
			{
				Name:            "threads",
				Image:           services.Image{Program: "services/forum/cmd/threads"},
				Paths:           []string{"/api/threads", "/api/threads/*"},
				Priority:        200,
				Calls:           []string{"users"},
				MonolithPercent: 25,
				Table: &services.Table{
					PartitionKey: "id",
					Indexes:      []services.Index{{Name: "all", PartitionKey: "kind", SortKey: "id"}},
				},
			},
			{
				Name:            "posts",
				Image:           services.Image{Program: "services/forum/cmd/posts"},
				Paths:           []string{"/api/posts", "/api/posts/*"},
				Priority:        300,
				Calls:           []string{"users", "threads"},
				MonolithPercent: 30,
				Table: &services.Table{
					PartitionKey: "id",
					Indexes: []services.Index{
						{Name: "all", PartitionKey: "kind", SortKey: "id"},
						{Name: "by-user", PartitionKey: "author", SortKey: "id"},
						{Name: "in-thread", PartitionKey: "thread", SortKey: "id"},
					},
				},
			},
		},
		Monolith: services.Service{
			Name:   "monolith",
			Image:  services.Image{Program: "services/forum/cmd/monolith"},
			Calls:  []string{"users", "threads"},
			CPU:    512,
			Memory: 1024,
		},
	}
}
