// SPDX-License-Identifier: Apache-2.0
'use strict';

SwaggerUIBundle({
  url: 'openapi.yaml',
  dom_id: '#docs',
  layout: 'BaseLayout',
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: 'list',
  persistAuthorization: false,
  queryConfigEnabled: false,
  supportedSubmitMethods:
    document.getElementById('docs').dataset.tryOut === 'yes'
      ? ['get', 'post', 'put', 'patch', 'delete']
      : [],
  validatorUrl: null,
});
