// Synod from Go: any NATS client does, nothing else is needed.
//
//	go run .
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

func main() {
	server := os.Getenv("NATS_URL")
	if server == "" {
		server = nats.DefaultURL
	}
	connection, err := nats.Connect(server)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()

	ask := func(subject, body string, headers ...string) *nats.Msg {
		request := nats.NewMsg("synod.kv.go." + subject)
		request.Data = []byte(body)
		for at := 0; at+1 < len(headers); at += 2 {
			request.Header.Set(headers[at], headers[at+1])
		}
		answer, err := connection.RequestMsg(request, 5*time.Second)
		if err != nil {
			log.Fatal(err)
		}
		return answer
	}

	fmt.Printf("put: %s\n", ask("put.greeting", "hello", "Nats-TTL", "10m").Data)
	fmt.Printf("get: %s\n", ask("get.greeting", "").Data)
	// Compare-and-set: 0 means that the key must not be there.
	refused := ask("put.greeting", "mine", "Nats-Expected-Last-Subject-Sequence", "0")
	fmt.Printf("refused: %s\n", refused.Header.Get("Nats-Service-Error"))
	fmt.Printf("visits: %s\n", ask("incr.visits", "5").Data)
	fmt.Printf("range: %s\n", ask("range", `{"keysOnly":true}`).Data)
}
