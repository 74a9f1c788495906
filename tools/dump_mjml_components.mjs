// Writes newsletter/check/mjml_components.json: what official MJML knows of each component. The data are read from the
// npm packages mjml-preset-core and mjml-core (MIT, Mailjet SAS; see newsletter/check/mjml_components.NOTICE).
//
//     mkdir scratch && cd scratch && npm install mjml@5.4.1
//     node ../tools/dump_mjml_components.mjs . > ../newsletter/check/mjml_components.json
//
// The one argument is the folder that holds node_modules.

import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const require = createRequire(resolve(process.argv[2] ?? '.', 'package.json'))
const preset = require('mjml-preset-core')
const colours = require('mjml-core/lib/types/helpers/colors')
const { components, dependencies } = preset.default ?? preset

// Components without a class of their own: the validator of official MJML lets them pass by name.
const childrenOf = (name) =>
  (dependencies[name] ?? []).map((child) => (child instanceof RegExp ? '*' : child)).sort()

const described = {}
for (const component of components) {
  const name = component.componentName
  described[name] = {
    // Everything up to the closing tag is HTML for the reader, not MJML.
    ending: Boolean(component.endingTag),
    children: childrenOf(name),
    attributes: component.allowedAttributes ?? {},
  }
}
for (const name of Object.keys(dependencies)) {
  described[name] ??= { ending: false, children: childrenOf(name), attributes: {} }
}

const version = (name) => require(`${name}/package.json`).version
const sorted = Object.fromEntries(Object.entries(described).sort(([a], [b]) => (a < b ? -1 : 1)))
const lines = Object.entries(sorted).map(([name, facts]) => `    ${JSON.stringify(name)}: ${JSON.stringify(facts)}`)
process.stdout.write(`{
  "source": ${JSON.stringify({ 'mjml-preset-core': version('mjml-preset-core'), 'mjml-core': version('mjml-core') })},
  "colours": ${JSON.stringify((colours.default ?? colours).join(' '))},
  "components": {
${lines.join(',\n')}
  }
}
`)
