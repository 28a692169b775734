// Reads objects as JSON from standard input; prints, as JSON, which of them are validated here and what is wrong with them.
import * as keda from "@kubernetes-models/keda/keda.sh/v1alpha1";
import * as prometheus from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { text } from "node:stream/consumers";

const MODELS = { "keda.sh/v1alpha1": keda, "monitoring.coreos.com/v1": prometheus };

const objects = JSON.parse(await text(process.stdin));
const answers = objects.map((object) => {
  const Model = MODELS[object.apiVersion]?.[object.kind];
  return { known: Model !== undefined, error: Model ? faults(new Model(object)) : null };
});
console.log(JSON.stringify(answers));

function faults(model) {
  try {
    model.validate();
    return null;
  } catch (error) {
    return error.message;
  }
}
