package services

// sample is a catalog of three services that share nothing but a monolith. Of its
// load alpha was 20 %, beta 25 % and gamma 30 %.
func sample() Catalog {
	service := func(name string, priority, percent int) Service {
		return Service{
			Name:            name,
			Image:           Image{Program: "services/" + name},
			Paths:           []string{"/api/" + name, "/api/" + name + "/*"},
			Priority:        priority,
			MonolithPercent: percent,
			Table:           &Table{PartitionKey: "id", Indexes: []Index{{Name: "all", PartitionKey: "kind", SortKey: "id"}}},
		}
	}
	return Catalog{
		Name:     "shop",
		Services: []Service{service("alpha", 100, 20), service("beta", 200, 25), service("gamma", 300, 30)},
		Monolith: Service{Name: "monolith", Image: Image{Program: "services/monolith"}, CPU: 512, Memory: 1024},
	}
}
