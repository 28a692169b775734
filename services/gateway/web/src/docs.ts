/** The API's documentation at `/docs`, from the gateway's `/openapi.json`. */

import 'swagger-ui-dist/swagger-ui.css';
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle';

// Without a `validatorUrl` nothing is sent to swagger.io.
SwaggerUI({ url: '/openapi.json', dom_id: '#docs', validatorUrl: null });
