declare module 'signalsmith-stretch';
declare module 'signalsmith-stretch?url' {
  const url: string;
  export default url;
}

declare module 'swagger-ui-dist/swagger-ui-es-bundle' {
  export default function SwaggerUI(options: { url: string; dom_id: string; validatorUrl: null }): void;
}
