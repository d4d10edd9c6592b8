// IBM's ruleset for APIs. Every exception has its reason; only errors fail.
const ibm = require('@ibm-cloud/openapi-ruleset');

const parameters = 'ibm-parameter-casing-convention';
const ofParameters = ibm.rules[parameters];

const asNamed = (name, type) => {
  const rule = ibm.rules[name];
  return { ...rule, then: { ...rule.then, functionOptions: { type } } };
};

module.exports = {
  extends: ibm,
  rules: {
    // The documentation page writes appointmentRequestId and /appointment-requests/: its spelling is the law.
    'ibm-property-casing-convention': asNamed('ibm-property-casing-convention', 'camel'),
    'ibm-path-segment-casing-convention': asNamed('ibm-path-segment-casing-convention', 'kebab'),
    [parameters]: {
      ...ofParameters,
      then: { ...ofParameters.then, functionOptions: { ...ofParameters.then.functionOptions, path: { type: 'camel' } } },
    },
    // AM and PM are the page's, versions are digits, and codes are parts of the paths of their pages, so kebab-case.
    'ibm-enum-casing-convention': 'off',
  },
};
