/** Columns of models and versions, under the names that the port gives them. */
export const MODEL = [
  'models.id',
  'models.owner',
  'models.name',
  'models.description',
  'models.visibility',
  'models.hardware_sku as hardwareSku',
  'models.github_url as githubUrl',
  'models.paper_url as paperUrl',
  'models.license_url as licenseUrl',
  'models.weights_url as weightsUrl',
  'models.cover_image_url as coverImageUrl',
  'models.created_at as createdAt',
] as const;

export const VERSION = [
  'versions.id',
  'versions.model_id as modelId',
  'models.owner',
  'models.name',
  'versions.source',
  'versions.runtime',
  'versions.openapi_schema as openapiSchema',
  'versions.cog_version as cogVersion',
  'versions.slots',
  'versions.base_version_id as baseVersionId',
  'versions.weights_file_id as weightsFileId',
  'versions.created_at as createdAt',
] as const;
