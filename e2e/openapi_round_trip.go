// Reads OpenAPI v3 documents into Go's types and says where what it writes again differs.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	"k8s.io/kube-openapi/pkg/spec3"
)

func main() {
	failed := false
	for _, path := range os.Args[1:] {
		read, err := os.ReadFile(path)
		check(err)
		document := spec3.OpenAPI{}
		check(json.Unmarshal(read, &document))
		written, err := json.Marshal(&document)
		check(err)
		var before, after any
		check(json.Unmarshal(read, &before))
		check(json.Unmarshal(written, &after))
		differ(path, before, after, &failed)
	}
	if failed {
		os.Exit(1)
	}
}

func differ(where string, before, after any, failed *bool) {
	one, isMap := before.(map[string]any)
	other, isToo := after.(map[string]any)
	if isMap && isToo {
		for name := range other {
			if _, known := one[name]; !known {
				one[name] = nil
			}
		}
		for name, value := range one {
			differ(where+" "+name, value, other[name], failed)
		}
		return
	}
	if !reflect.DeepEqual(before, after) {
		*failed = true
		fmt.Printf("%s: %v became %v\n", where, before, after)
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
