#!/usr/bin/env node
/** The `synod` command. */
import { Command } from "commander";

const program = new Command("synod");
program.description("A replicated, strongly consistent key-value store on NATS.");
await program.parseAsync();
